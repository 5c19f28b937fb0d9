def ridge_fit(features, targets, strength):
    x, y = features.double(), targets.double()
    values, vectors = torch.linalg.eigh(x.T @ x)
    keep = values > 1e-10 * values.max()
    v = vectors[:, keep]
    w = v @ ((v.T @ (x.T @ y)) / (values[keep] + strength))
    return w.type_as(features)
