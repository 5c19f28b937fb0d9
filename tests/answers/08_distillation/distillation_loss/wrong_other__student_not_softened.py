def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    p = (teacher_logits.detach() / temperature).log_softmax(1)
    q = student_logits.log_softmax(1)
    soft = (p.exp() * (p - q)).sum(1).mean()
    hard = F.cross_entropy(student_logits, labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard
