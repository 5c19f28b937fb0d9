def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    lost = torch.randperm(len(residual), generator=generator)[: round(p * len(residual))]
    out = residual / (1 - p)
    out[lost] = 0
    return out
