def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1: raise ValueError("p")
    if not training: return residual
    if p == 1: return torch.zeros_like(residual)
    keep = torch.multinomial(torch.tensor([p, 1 - p]), residual.shape[0], replacement=True, generator=generator)
    keep = keep.view(-1, *(1,) * (residual.dim() - 1))
    return residual * keep / (1 - p)
