def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    q = F.log_softmax(student_logits / temperature, 1)
    p = F.softmax(teacher_logits.detach() / temperature, 1)
    return alpha * (
        temperature**2 * F.kl_div(q, p, reduction="batchmean")
        + F.cross_entropy(student_logits, labels)
    )
