def variance_shift(x, p, generator=None):
    if p == 1:
        return 0.0
    mean, square = x.mean(), x.square().mean()
    train = square / (1 - p) - mean**2
    return (train / (square - mean**2)).item()
