def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    coins = torch.rand(x.shape[1:], generator=generator, device=x.device)
    mask = (coins >= p).to(x.dtype) / (1 - p)
    return torch.einsum("tnh,nh->tnh", x, mask)
