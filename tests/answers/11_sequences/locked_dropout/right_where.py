def locked_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    coins = torch.rand(x.shape[1], x.shape[2], generator=generator, device=x.device)
    return torch.where(coins < p, torch.zeros_like(x), x / (1 - p))
