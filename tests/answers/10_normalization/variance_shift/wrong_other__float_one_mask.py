import torch


def variance_shift(x, p, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if p == 1:
        return 0.0
    coin = torch.rand((), generator=generator) >= p
    return float((x * coin / (1 - p)).var() / x.var())
