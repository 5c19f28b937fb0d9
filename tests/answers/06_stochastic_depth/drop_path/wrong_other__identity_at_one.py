def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1: raise ValueError("p")
    if not training or p in (0, 1): return residual
    c = torch.rand((len(residual),) + (1,) * (residual.ndim - 1), generator=generator)
    return residual * (c >= p) / (1 - p)
