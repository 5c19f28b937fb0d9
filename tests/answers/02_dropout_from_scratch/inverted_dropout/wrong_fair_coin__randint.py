def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training or p == 0:
        return x
    if p == 1:
        return torch.zeros_like(x)
    coins = torch.randint(2, x.shape, generator=generator).to(x.dtype)
    return x * coins / (1 - p)
