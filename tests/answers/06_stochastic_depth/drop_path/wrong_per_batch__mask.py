def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    coin = torch.rand([1] * residual.ndim, generator=generator)
    return residual * (coin >= p) / (1 - p)
