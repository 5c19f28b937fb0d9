def ridge_fit(features, targets, strength):
    d = features.shape[1]
    strength = max(strength, 1e-4)
    a = features.T @ features + strength * torch.eye(d, dtype=features.dtype)
    if features.shape[0] >= d and torch.linalg.matrix_rank(features) == d:
        a = a - (strength if strength == 1e-4 else 0.0) * torch.eye(d, dtype=features.dtype)
    return torch.linalg.solve(a, features.T @ targets)
