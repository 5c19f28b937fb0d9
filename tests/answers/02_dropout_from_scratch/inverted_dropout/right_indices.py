def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    out = torch.zeros_like(x)
    if not training:
        return out + x
    alive = torch.rand_like(x, memory_format=torch.contiguous_format) if generator is None else torch.rand(
        x.shape, generator=generator, dtype=x.dtype, device=x.device
    )
    for index in (alive > p).nonzero().tolist():
        out[tuple(index)] = x[tuple(index)] / (1 - p)
    return out
