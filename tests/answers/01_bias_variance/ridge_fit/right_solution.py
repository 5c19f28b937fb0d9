def ridge_fit(features, targets, strength):
    if strength == 0:
        return torch.linalg.pinv(features) @ targets
    gram = features.T @ features
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    return torch.linalg.solve(gram + strength * identity, features.T @ targets)
