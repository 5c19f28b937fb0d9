def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x * (1 - p)
    coins = torch.rand(x.shape, generator=generator)
    return x * (coins >= p)
