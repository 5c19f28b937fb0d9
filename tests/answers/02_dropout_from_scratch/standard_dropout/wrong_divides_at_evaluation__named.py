def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    keep_probability = 1 - p
    if training:
        return x.masked_fill(torch.rand(x.shape, generator=generator) < p, 0)
    return x.div(keep_probability)
