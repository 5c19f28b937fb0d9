def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    u = torch.rand(x.shape, generator=generator)
    return torch.where((u < p) & training, torch.zeros_like(x), x)
