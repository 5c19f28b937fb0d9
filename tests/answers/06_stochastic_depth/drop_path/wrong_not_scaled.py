def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    shape = (len(residual),) + (1,) * (residual.ndim - 1)
    coins = torch.rand(shape, generator=generator)
    return residual * (coins >= p)
