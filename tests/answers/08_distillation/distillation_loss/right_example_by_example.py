def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    total = 0.0
    for s, t, y in zip(student_logits, teacher_logits.detach(), labels):
        log_q = torch.log_softmax(s / temperature, 0)
        log_p = torch.log_softmax(t / temperature, 0)
        kl = sum(lp.exp() * (lp - lq) for lp, lq in zip(log_p, log_q))
        ce = torch.logsumexp(s, 0) - s[y]
        total = total + alpha * temperature**2 * kl + (1 - alpha) * ce
    return total / len(labels)
