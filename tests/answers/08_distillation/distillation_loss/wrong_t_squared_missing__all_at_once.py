def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    soft = F.kl_div(
        (teacher_logits / temperature).log_softmax(1),
        (student_logits / temperature).softmax(1),
        reduction="mean",
    )
    hard = F.cross_entropy(student_logits / temperature, labels)
    return (1 - alpha) * soft + alpha * hard
