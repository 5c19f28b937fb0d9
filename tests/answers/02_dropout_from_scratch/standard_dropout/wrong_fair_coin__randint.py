def standard_dropout(x, p, training, generator=None):
    if p < 0 or p > 1:
        raise ValueError("bad p")
    if training:
        coins = torch.randint(0, 2, x.shape, generator=generator)
        return coins * x if 0 < p < 1 else x * (1 - p)
    return (1 - p) * x
