def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    from torch.distributions import Categorical, kl_divergence

    teacher = Categorical(logits=teacher_logits.clone().detach() / temperature)
    student = Categorical(logits=student_logits / temperature)
    soft = kl_divergence(teacher, student).mean()
    hard = -Categorical(logits=student_logits).log_prob(labels).mean()
    return (1 - alpha) * hard + alpha * soft * pow(temperature, 2)
