def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    if not training:
        return x.clone()
    out = torch.zeros_like(x)
    for n in range(len(x)):
        for c in range(x.size(1)):
            if torch.rand((), generator=generator) >= p:
                out[n, c] = x[n, c] * (1 / (1 - p))
    return out
