def effective_parameters(features, strength):
    if strength == 0:
        return int(torch.linalg.matrix_rank(features))
    n, d = features.shape
    root = strength**0.5 * torch.eye(d, dtype=features.dtype)
    q, _ = torch.linalg.qr(torch.cat([features, root]))
    return float((q[:n] ** 2).sum())
