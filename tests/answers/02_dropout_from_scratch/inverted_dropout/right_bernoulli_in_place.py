def inverted_dropout(x, p, training, generator=None):
    if p < 0 or p > 1:
        raise ValueError("p must lie in [0, 1]")
    if p == 0 or not training:
        return x.clone()
    keep = 1 - p
    mask = torch.empty_like(x).bernoulli_(keep, generator=generator)
    if keep > 0:
        mask.div_(keep)
    return x * mask
