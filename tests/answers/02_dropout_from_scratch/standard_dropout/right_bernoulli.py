def standard_dropout(x, p, training, generator=None):
    if p < 0 or p > 1:
        raise ValueError("p is a probability")
    if training:
        return x * torch.bernoulli(torch.full_like(x, 1 - p), generator=generator)
    return (1 - p) * x
