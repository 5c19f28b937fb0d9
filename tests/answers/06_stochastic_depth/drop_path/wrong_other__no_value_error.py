def drop_path(residual, p, training, generator=None):
    if not training:
        return residual
    if p >= 1:
        return torch.zeros_like(residual)
    shape = (len(residual),) + (1,) * (residual.ndim - 1)
    return residual * (torch.rand(shape, generator=generator) >= p) / (1 - p)
