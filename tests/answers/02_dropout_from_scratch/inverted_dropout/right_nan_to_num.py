def inverted_dropout(x, p, training, generator=None):
    if p < 0 or p > 1:
        raise ValueError
    if not training:
        return x
    mask = (torch.rand(x.shape, generator=generator) >= p).to(x.dtype)
    return x * torch.nan_to_num(mask / (1 - p))
