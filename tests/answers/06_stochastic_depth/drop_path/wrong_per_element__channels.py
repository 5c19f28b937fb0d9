def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    shape = residual.shape[:2] + (1,) * (residual.ndim - 2)
    coins = torch.rand(shape, generator=generator)
    return residual * (coins >= p) / (1 - p)
