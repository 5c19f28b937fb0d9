def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    soft = F.kl_div(
        (student_logits / temperature).log_softmax(1),
        (teacher_logits.detach() / temperature).softmax(1),
        reduction="batchmean",
    )
    return (1 - alpha) * F.cross_entropy(student_logits, labels) + alpha * soft
