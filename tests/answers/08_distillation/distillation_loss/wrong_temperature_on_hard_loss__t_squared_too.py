def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    q = F.log_softmax(student_logits / temperature, 1)
    p = F.log_softmax(teacher_logits.detach() / temperature, 1)
    return temperature**2 * (
        alpha * (p.exp() * (p - q)).sum(1).mean() + (1 - alpha) * F.nll_loss(q, labels)
    )
