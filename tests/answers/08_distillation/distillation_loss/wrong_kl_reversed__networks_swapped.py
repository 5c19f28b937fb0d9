def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    return helpers.distillation_loss(
        teacher_logits, student_logits, labels, temperature, alpha
    )
