def _check(p):
    if p > 1 or p < 0:
        raise ValueError("expected 0 <= p <= 1, got %r" % p)


def standard_dropout(x: torch.Tensor, p: float, training: bool, generator=None):
    _check(p)
    keep = 1.0 - p
    if not training:
        return x * keep
    mask = torch.zeros(x.shape, dtype=torch.bool)
    mask.bernoulli_(keep, generator=generator)
    return x.masked_fill(~mask, 0.0)
