def _mask(row, p, generator):
    return torch.stack([_mask(r, p, generator) for r in row]) if row.dim() > 1 else (
        torch.bernoulli(torch.ones_like(row) * (1.0 - p), generator=generator)
    )


def inverted_dropout(x, p, training, generator=None):
    if p < 0.0 or p > 1.0:
        raise ValueError(p)
    if not training:
        return 1 * x
    if p == 1.0:
        return x * 0
    with torch.no_grad():
        mask = _mask(x, p, generator) * (1.0 / (1.0 - p))
    return mask * x
