def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    keep = torch.full_like(x[:1], 1 - p)
    return x * torch.bernoulli(keep, generator=generator) / (1 - p)
