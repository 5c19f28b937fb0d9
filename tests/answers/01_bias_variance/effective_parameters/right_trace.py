def effective_parameters(features, strength):
    # features @ pinv(features) projects onto the columns: its trace is the rank
    if strength == 0:
        return torch.trace(features @ torch.linalg.pinv(features)).item()
    d = features.shape[1]
    gram = features.T @ features + strength * torch.eye(d, dtype=features.dtype)
    return torch.trace(features @ torch.linalg.solve(gram, features.T)).item()
