def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    k = round(p * x.shape[1])
    keep = torch.stack(
        [torch.randperm(x.shape[1], generator=generator) >= k for _ in x]
    )
    return x * keep[:, :, None, None] / (1 - p)
