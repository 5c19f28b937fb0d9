def variance_shift(x, p, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if p == 1:
        return 0.0
    mean, square = x.mean(), x.square().mean()
    train = square * (1 - p) - (mean * (1 - p)) ** 2
    return (train / (square - mean**2)).item()
