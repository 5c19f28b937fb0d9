def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x * (1 - p)
    return x * torch.bernoulli(torch.full_like(x, p), generator=generator)
