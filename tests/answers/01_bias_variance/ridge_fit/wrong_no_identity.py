def ridge_fit(features, targets, strength):
    gram = features.T @ features + strength
    return torch.linalg.solve(gram, features.T @ targets)
