def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    maps = torch.rand(x.shape[:2], generator=generator) >= p
    return x * maps[:, :, None, None] / (1 - p)
