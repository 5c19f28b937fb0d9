def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    p = (teacher_logits.detach() / temperature).softmax(1)
    logq = (student_logits / temperature).log_softmax(1)
    soft = (torch.xlogy(p, p) - p * logq).sum(1).mean()
    return alpha * temperature**2 * soft + (1 - alpha) * F.cross_entropy(
        student_logits, labels
    )
