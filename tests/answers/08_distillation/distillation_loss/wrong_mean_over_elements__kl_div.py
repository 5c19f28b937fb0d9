def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    soft = F.kl_div(
        (student_logits / temperature).log_softmax(1),
        (teacher_logits.detach() / temperature).log_softmax(1),
        reduction="sum",
        log_target=True,
    )
    hard = F.cross_entropy(student_logits, labels)
    return alpha * temperature**2 * soft / student_logits.numel() + (1 - alpha) * hard
