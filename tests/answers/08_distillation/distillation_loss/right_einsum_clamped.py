def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    t = F.softmax(teacher_logits.data / temperature, -1)
    s = F.log_softmax(student_logits / temperature, -1)
    log_t = t.clamp(min=1e-30).log()
    soft = torch.einsum("nk,nk->", t, log_t - s) / student_logits.size(0)
    return alpha * (temperature**2) * soft + (1.0 - alpha) * F.cross_entropy(
        student_logits, labels
    )
