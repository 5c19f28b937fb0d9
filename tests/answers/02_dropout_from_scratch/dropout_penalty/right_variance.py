def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    # the variance of each product, summed: Var(m / (1 - p)) = p (1 - p) / (1 - p)^2
    variance = p * (1 - p) / (1 - p) ** 2
    return (variance * (x * w) ** 2).sum(1).mean()
