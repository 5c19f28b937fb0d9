def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    u = torch.rand(len(residual), generator=generator, dtype=torch.float64)
    mask = (u > p).to(residual) / (1 - p)
    return torch.einsum('n...,n->n...', residual, mask)
