def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    q = F.log_softmax(student_logits / temperature, 1)
    p = F.softmax(teacher_logits.detach() / temperature, 1)
    soft = F.kl_div(q, p, reduction="mean") * student_logits.size(1)
    return alpha * temperature**2 * soft + (1 - alpha) * F.cross_entropy(
        student_logits, labels
    )
