def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    with torch.no_grad():
        target = nn.LogSoftmax(dim=1)(teacher_logits / temperature)
    student = nn.LogSoftmax(dim=1)(student_logits / temperature)
    soft = nn.KLDivLoss(reduction="sum", log_target=True)(student, target)
    soft = soft / len(labels)
    hard = nn.NLLLoss()(nn.LogSoftmax(dim=1)(student_logits), labels)
    return torch.lerp(hard, temperature**2 * soft, alpha)
