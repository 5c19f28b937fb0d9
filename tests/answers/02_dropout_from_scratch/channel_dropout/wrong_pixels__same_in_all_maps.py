def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    n, c, h, w = x.shape
    return x * (torch.rand(n, 1, h, w, generator=generator) >= p) / (1 - p)
