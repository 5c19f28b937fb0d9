def variance_shift(x, p, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    return 0.0 if p == 1 else 1 / (1 - p)
