def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    rows = residual.flatten(1) if residual.ndim > 1 else residual[:, None]
    keep = torch.bernoulli(torch.full((len(rows), 1), 1 - p), generator=generator)
    return (rows * (keep / (1 - p)).to(rows.dtype)).reshape(residual.shape)
