def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError
    if not training:
        return x
    weights = torch.tensor([p, 1 - p])
    coins = torch.multinomial(weights, x.numel(), replacement=True, generator=generator)
    out = x.clone()
    out[coins.reshape(x.shape) == 0] = 0.0
    return out / (1 - p) if p < 1 else out
