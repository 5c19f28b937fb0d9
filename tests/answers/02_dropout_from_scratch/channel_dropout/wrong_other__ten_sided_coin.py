def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return (
        x
        * (torch.randint(0, 10, (*x.shape[:2], 1, 1), generator=generator) >= p * 10)
        / (1 - p)
    )
