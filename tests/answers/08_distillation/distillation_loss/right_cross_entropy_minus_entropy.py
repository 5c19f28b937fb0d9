def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    target = (teacher_logits.detach() / temperature).softmax(1)
    entropy = torch.special.entr(target).sum(1).mean()
    soft = F.cross_entropy(student_logits / temperature, target) - entropy
    hard = -student_logits.log_softmax(1).gather(1, labels[:, None]).mean()
    return alpha * temperature**2 * soft + (1 - alpha) * hard
