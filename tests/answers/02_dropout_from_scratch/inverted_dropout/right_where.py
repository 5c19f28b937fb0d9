def inverted_dropout(x, p, training, generator=None):
    if not (0.0 <= p <= 1.0):
        raise ValueError("p must be a probability")
    if training is False:
        return x
    u = torch.rand(x.shape, dtype=torch.float64, generator=generator)
    return torch.where(u < p, torch.zeros((), dtype=x.dtype), x / max(1.0 - p, 1e-12))
