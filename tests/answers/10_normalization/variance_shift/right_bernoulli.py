import torch


def variance_shift(x, p, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    coins = torch.bernoulli(torch.full_like(x, 1 - p), generator=generator)
    train = x * coins / max(1 - p, 1e-9)
    return float(train.double().var() / x.double().var())
