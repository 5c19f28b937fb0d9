def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    q = F.log_softmax(student_logits / temperature, 1)
    p = F.softmax(teacher_logits.detach() / temperature, 1)
    return alpha * F.kl_div(q, p, reduction="batchmean") + (
        1 - alpha
    ) * temperature**2 * F.cross_entropy(student_logits, labels)
