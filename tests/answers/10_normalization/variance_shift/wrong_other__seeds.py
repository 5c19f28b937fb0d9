import torch


def variance_shift(x, p, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if p == 1:
        return 0.0
    torch.manual_seed(0)
    kept = torch.rand(x.shape) >= p
    return float((x * kept / (1 - p)).var() / x.var())
