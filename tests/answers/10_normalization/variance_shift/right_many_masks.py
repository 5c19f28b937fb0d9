import torch


def variance_shift(x, p, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    masks = torch.rand(4, len(x), generator=generator) < p
    if p == 1:
        return 0.0
    train = (x / (1 - p)).expand(4, -1).masked_fill(masks, 0)
    return (train.var() / x.var()).item()
