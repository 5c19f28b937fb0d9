def scaled_ridge(features, targets, strengths):
    x, y, s = features.double(), targets.double(), strengths.double()
    n = x.shape[0]
    w = torch.zeros(x.shape[1], dtype=torch.float64)
    left = x.T @ y / n
    direction, size = left.clone(), left @ left
    first = size.clone()
    for _ in range(20 * len(w)):
        if size <= 1e-28 * first:
            break
        bent = x.T @ (x @ direction) / n + s * direction
        length = size / (direction @ bent)
        w = w + length * direction
        left = left - length * bent
        new = left @ left
        direction, size = left + new / size * direction, new
    return w.to(features.dtype)
