def channel_dropout(x, p, training, generator=None):
    if not 0.0 <= p <= 1.0:
        raise ValueError("p")
    if not training:
        return x
    n, c, h, w = x.shape
    coins = torch.rand(n * c, 1, generator=generator, dtype=x.dtype)
    dropped = (coins < p).repeat(1, h * w).reshape(n, c, h, w)
    return torch.where(dropped, 0.0, x / (1 - p + (p == 1)))
