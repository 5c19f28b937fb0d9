def channel_dropout(x, p, training, generator=None):
    if p < 0 or p > 1:
        raise ValueError("p")
    if not training or p == 0:
        return x
    n, c = x.shape[0], x.shape[1]
    mask = x.new_empty(n, c, 1, 1).bernoulli_(1 - p, generator=generator)
    return x.mul(mask) / (1 - p if p < 1 else 1)
