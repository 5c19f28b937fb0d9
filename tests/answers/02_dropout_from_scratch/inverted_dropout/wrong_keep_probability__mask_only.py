def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return x * torch.bernoulli(torch.full_like(x, p), generator=generator) / (1 - p)
