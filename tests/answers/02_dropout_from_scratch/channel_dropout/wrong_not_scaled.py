def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    maps = torch.rand(x.shape[:2], generator=generator) >= p
    return x * maps[:, :, None, None]
