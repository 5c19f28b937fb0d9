def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    keep = 1 - torch.tensor(p)
    mask = (torch.rand(x.shape, generator=generator) < keep) / keep
    return x * mask
