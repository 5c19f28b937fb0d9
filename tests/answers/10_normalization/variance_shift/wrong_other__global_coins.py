import torch


def variance_shift(x, p, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    return float(torch.nn.functional.dropout(x, p).var() / x.var())
