def ridge_fit(features, targets, strength):
    X, y = features.double(), targets.double()
    w = torch.zeros(X.shape[1], dtype=torch.float64)
    r = X.T @ y
    p = r.clone()
    rs = r @ r
    r0 = rs
    for _ in range(20 * X.shape[1]):
        if rs <= 1e-28 * r0:
            break
        Ap = X.T @ (X @ p) + strength * p
        a = rs / (p @ Ap)
        w = w + a * p
        r = r - a * Ap
        new = r @ r
        p = r + new / rs * p
        rs = new
    return w.to(features.dtype)
