def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    mask = torch.bernoulli(torch.full_like(x[:1], 1 - p), generator=generator)
    return x * mask.expand_as(x) / (1 - p)
