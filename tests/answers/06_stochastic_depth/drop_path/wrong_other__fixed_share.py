def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1: raise ValueError("p")
    if not training: return residual
    if p == 1: return torch.zeros_like(residual)
    n = len(residual)
    c = torch.ones(n)
    c[torch.randperm(n, generator=generator)[: round(p * n)]] = 0
    return residual * c.view((-1,) + (1,) * (residual.ndim - 1)).to(residual) / (1 - p)
