def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError
    if not training or p == 0:
        return x
    mask = torch.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            if torch.rand(1, generator=generator) >= p:
                mask[n, c] = 1 / (1 - p)
    return x * mask
