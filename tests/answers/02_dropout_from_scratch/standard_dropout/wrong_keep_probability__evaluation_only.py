def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x * p
    return x * (torch.rand(x.shape, generator=generator) >= p)
