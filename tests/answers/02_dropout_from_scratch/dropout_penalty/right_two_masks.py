def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    # E[(m/(1-p))^2] - 1, with the two values that a mask can take
    second = (1 - p) * (1 / (1 - p)) ** 2
    return torch.linalg.vector_norm(x * w) ** 2 * (second - 1) / len(x)
