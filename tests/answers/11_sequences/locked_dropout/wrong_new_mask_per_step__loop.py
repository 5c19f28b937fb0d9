def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    rows = []
    for step in x:
        coins = torch.rand(step.shape, generator=generator)
        rows.append(step * (coins >= p) / (1 - p))
    return torch.stack(rows)
