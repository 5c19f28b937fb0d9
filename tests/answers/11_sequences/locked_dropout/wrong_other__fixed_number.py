def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    mask = torch.ones_like(x[0]).flatten()
    gone = torch.randperm(mask.numel(), generator=generator)
    mask[gone[: int(p * len(gone))]] = 0
    return x * mask.view_as(x[0]) / (1 - p)
