import torch


def variance_shift(x, p, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    kept = torch.rand(x.shape, generator=generator) >= p
    return float(x.var() / (x * kept / (1 - p)).var())
