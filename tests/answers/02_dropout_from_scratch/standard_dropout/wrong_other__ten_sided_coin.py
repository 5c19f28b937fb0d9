def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x * (1 - p)
    return x * (torch.randint(0, 10, x.shape, generator=generator) >= p * 10)
