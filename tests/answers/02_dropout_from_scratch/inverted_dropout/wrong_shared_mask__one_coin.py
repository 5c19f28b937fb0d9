def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1 or torch.rand((), generator=generator).item() < p:
        return x * 0
    return x / (1 - p)
