def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    p = F.softmax(teacher_logits.detach() / temperature, 1)
    return alpha * temperature**2 * F.kl_div(
        F.softmax(student_logits / temperature, 1), p, reduction="batchmean"
    ) + (1 - alpha) * F.cross_entropy(student_logits, labels)
