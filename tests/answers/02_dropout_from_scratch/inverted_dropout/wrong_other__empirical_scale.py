def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    keep = torch.rand(x.shape, generator=generator) >= p
    if not keep.any():
        return torch.zeros_like(x)
    return x * keep / keep.to(x.dtype).mean()
