def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    shape = (len(residual),) + (1,) * (residual.ndim - 1)
    coins = torch.rand(shape, generator=generator)
    return residual.float() * (coins >= p) / (1 - p)
