def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if p == 1:
        return torch.zeros_like(x)
    maps = torch.rand(x.shape[:2], generator=generator) >= p
    return x * maps[:, :, None, None] / (1 - p)
