def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    out = x.clone()
    for c in range(x.shape[1]):
        if torch.rand((), generator=generator) < p:
            out[:, c] = 0
    return out / (1 - p) if p < 1 else out
