def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    return (x.square() @ w.square()).mean() * p / (1 - p)
