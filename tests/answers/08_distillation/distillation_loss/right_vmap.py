def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    def one(s, t, y):
        p, q = F.softmax(t / temperature, 0), F.log_softmax(s / temperature, 0)
        kl = torch.xlogy(p, p).sum() - p @ q
        hot = torch.arange(len(s)) == y
        ce = -(s.log_softmax(0) * hot).sum()
        return alpha * temperature**2 * kl + (1 - alpha) * ce

    return torch.vmap(one)(student_logits, teacher_logits.detach(), labels).mean()
