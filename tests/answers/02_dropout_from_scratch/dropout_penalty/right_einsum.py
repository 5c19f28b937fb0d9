def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    odds = 1 / (1 - p) - 1
    return odds * torch.einsum("ij,ij,j,j->", x, x, w, w) / x.shape[0]
