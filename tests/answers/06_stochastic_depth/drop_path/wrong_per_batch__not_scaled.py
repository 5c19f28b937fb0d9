def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if torch.rand((), generator=generator) < p:
        return residual * 0
    return residual
