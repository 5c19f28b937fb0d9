def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x / (1 - p) if p < 1 else 0 * x
    return x * (torch.rand(x.shape, generator=generator) >= p)
