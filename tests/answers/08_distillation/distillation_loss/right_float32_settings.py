def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    T, a = torch.tensor(temperature), torch.tensor(alpha)
    p = (teacher_logits.detach() / T).log_softmax(1)
    q = (student_logits / T).log_softmax(1)
    kl = (p.exp() * (p - q)).sum(1).mean()
    return a * T * T * kl + (1 - a) * F.cross_entropy(student_logits, labels)
