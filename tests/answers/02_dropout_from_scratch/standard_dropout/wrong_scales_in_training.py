def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x * (1 - p)
    mask = (torch.rand(x.shape, generator=generator) >= p).to(x.dtype)
    return x * mask / max(1 - p, 1e-9)
