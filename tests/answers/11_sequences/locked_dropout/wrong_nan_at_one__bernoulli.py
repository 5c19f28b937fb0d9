def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    keep = torch.bernoulli(torch.full_like(x[0], 1 - p), generator=generator)
    return x * (keep / (1 - p))
