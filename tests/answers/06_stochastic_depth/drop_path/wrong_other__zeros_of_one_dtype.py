def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1: raise ValueError("p")
    if not training: return residual
    if p == 1: return torch.zeros(residual.shape)
    c = torch.rand((len(residual),) + (1,) * (residual.ndim - 1), generator=generator)
    return residual * (c >= p) / (1 - p)
