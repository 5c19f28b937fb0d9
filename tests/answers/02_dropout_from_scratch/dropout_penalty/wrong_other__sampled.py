def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    masks = (torch.rand(1000, *x.shape, dtype=x.dtype) >= p) / (1 - p)
    return (((masks - 1) * x) @ w).square().mean()
