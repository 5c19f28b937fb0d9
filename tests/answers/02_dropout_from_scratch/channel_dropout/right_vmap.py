def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    keep = (torch.rand(x.shape[:2], generator=generator) >= p).to(x.dtype) / (1 - p)
    return torch.vmap(torch.vmap(torch.mul))(x, keep)
