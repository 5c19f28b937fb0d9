def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    log_p = (teacher_logits.detach() / temperature).log_softmax(1)
    log_q = (student_logits / temperature).log_softmax(1)
    soft = (log_p.exp() * (log_p - log_q)).sum(1).mean()
    hard = F.cross_entropy(student_logits.detach(), labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard
