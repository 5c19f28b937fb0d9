def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    coins = torch.rand(residual.shape, generator=generator)
    return residual * (coins >= p) / (1 - p)
