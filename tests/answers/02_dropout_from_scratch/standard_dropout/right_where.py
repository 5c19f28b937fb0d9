def standard_dropout(x, p, training, generator=None):
    if not (0.0 <= p <= 1.0):
        raise ValueError(p)
    if training:
        dropped = torch.empty_like(x).uniform_(0, 1, generator=generator) < p
        return torch.where(dropped, torch.zeros_like(x), x)
    return x.mul(1 - p)
