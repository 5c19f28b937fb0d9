def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    return p / (1 - p) * (w**2 * x.mean(0) ** 2).sum()
