def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    gram = torch.diag((x.T @ x).diagonal()) / len(x)
    return p / (1 - p) * (w @ gram @ w)
