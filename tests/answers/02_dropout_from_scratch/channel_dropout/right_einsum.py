def channel_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    mask = (torch.rand(x.shape[:2], generator=generator) >= p).to(x.dtype)
    return torch.einsum("nchw,nc->nchw", x, mask / (1 - p))
