def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    lost = torch.rand(len(residual), generator=generator) < p
    out = residual / (1 - p) if p < 1 else residual * 0
    out = out.clone()
    out[lost] = 0
    return out
