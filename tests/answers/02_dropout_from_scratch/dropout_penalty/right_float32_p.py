def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    p = torch.tensor(p, dtype=x.dtype)
    return (p / (1 - p) * x.pow(2).mean(dim=0)).dot(w.pow(2))
