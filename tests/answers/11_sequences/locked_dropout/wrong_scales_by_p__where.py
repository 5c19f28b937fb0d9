def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    if p == 0:
        return x
    coins = torch.rand(x.shape[1:], generator=generator, device=x.device)
    return torch.where(coins < p, 0 * x, x / p)
