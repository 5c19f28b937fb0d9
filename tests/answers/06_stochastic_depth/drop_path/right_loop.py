def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    out = torch.zeros_like(residual)
    for n in range(len(residual)):
        if torch.rand((), generator=generator).item() >= p:
            out[n] = residual[n] / (1 - p)
    return out
