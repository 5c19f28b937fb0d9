class Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weights):
        ctx.save_for_backward(weights)
        return x * weights

    @staticmethod
    def backward(ctx, grad):
        (weights,) = ctx.saved_tensors
        return grad * weights, None


def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x * (1 - p)
    return Drop.apply(x, (torch.rand(x.shape, generator=generator) >= p).to(x.dtype))
