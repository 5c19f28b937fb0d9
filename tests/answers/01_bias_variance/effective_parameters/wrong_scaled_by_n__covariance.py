def effective_parameters(features, strength):
    if strength == 0:
        return float(torch.linalg.matrix_rank(features))
    n, d = features.shape
    gram = features.T @ features + strength / n * torch.eye(d, dtype=features.dtype)
    return torch.trace(torch.linalg.solve(gram, features.T @ features)).item()
