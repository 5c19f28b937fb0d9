def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    total = x.new_zeros(())
    for j in range(len(w)):
        total = total + w[j] ** 2 * (x[:, j] ** 2).sum() / len(x)
    return total * p / (1 - p)
