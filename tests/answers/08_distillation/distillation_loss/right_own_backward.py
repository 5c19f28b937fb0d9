class _KL(torch.autograd.Function):
    @staticmethod
    def forward(ctx, s, t, T):
        p, q = (t / T).log_softmax(1), (s / T).log_softmax(1)
        ctx.save_for_backward(p.exp(), q.exp())
        ctx.T = T
        return (p.exp() * (p - q)).sum(1).mean()

    @staticmethod
    def backward(ctx, g):
        p, q = ctx.saved_tensors
        return g * (q - p) / ctx.T / len(p), None, None


def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    return alpha * temperature**2 * _KL.apply(
        student_logits, teacher_logits, temperature
    ) + (1 - alpha) * F.cross_entropy(student_logits, labels)
