def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    mask = torch.rand(x.shape, generator=generator) >= p
    if not training:
        return x * mask
    return x * mask / (1 - p) if p < 1 else x * 0
