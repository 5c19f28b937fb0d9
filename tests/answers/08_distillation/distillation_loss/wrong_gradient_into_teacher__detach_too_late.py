def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    soft = F.kl_div(
        (student_logits / temperature).log_softmax(1),
        (teacher_logits / temperature).softmax(1),
        reduction="batchmean",
    )
    teacher_logits = teacher_logits.detach()
    hard = F.cross_entropy(student_logits, labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard
