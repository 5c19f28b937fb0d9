def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if p == 0 or not training:
        return residual.clone()
    coins = torch.rand(residual.size(0), generator=generator)
    coins = coins.reshape(-1, *[1] * (residual.ndim - 1))
    scaled = residual / max(1 - p, 1e-12)
    return torch.where(coins < p, torch.zeros_like(residual), scaled)
