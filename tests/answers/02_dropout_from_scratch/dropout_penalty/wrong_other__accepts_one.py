def dropout_penalty(x, w, p):
    if not 0 <= p <= 1:
        raise ValueError(p)
    return p / max(1 - p, 1e-9) * (w**2 * (x**2).mean(0)).sum()
