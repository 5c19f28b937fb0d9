def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return residual
    keep = 1 - p
    shape = [residual.shape[0]] + [1] * (residual.dim() - 1)
    mask = residual.new_empty(shape).bernoulli_(keep, generator=generator)
    if keep > 0:
        mask.div_(keep)
    return residual * mask
