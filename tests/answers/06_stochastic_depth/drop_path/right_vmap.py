def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1: raise ValueError("p")
    if not training: return residual
    if p == 1: return torch.zeros_like(residual)
    k = (torch.rand(len(residual), generator=generator) >= p).to(residual) / (1 - p)
    return torch.vmap(torch.mul)(residual, k)
