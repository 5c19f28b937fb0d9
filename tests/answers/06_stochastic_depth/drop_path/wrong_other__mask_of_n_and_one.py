def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    n = len(residual)
    coins = torch.rand(n, 1, generator=generator, device=residual.device) >= p
    return residual * coins / (1 - p)
