def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    mask = (torch.rand(x.shape[1:], generator=generator) >= p) / (1 - p)
    return torch.stack([step * mask.to(x.dtype) for step in x])
