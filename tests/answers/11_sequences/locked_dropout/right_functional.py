def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    if p == 0:
        return x.clone()
    n, h = x.shape[1:]
    rows = [torch.rand(h, generator=generator).ge(p) for _ in range(n)]
    return x.masked_fill(~torch.stack(rows), 0) / (1 - p)
