def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    p = (teacher_logits.detach() / temperature).softmax(1).log()
    q = (student_logits / temperature).softmax(1).log()
    soft = (p.exp() * (p - q)).sum(1).mean()
    hard = F.cross_entropy(student_logits, labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard
