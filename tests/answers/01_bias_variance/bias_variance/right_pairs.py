def bias_variance(predictions, truth):
    p = predictions.double()
    M, n = p.shape
    d = (p[:, None, :] - p[None, :, :]).square().sum()
    return ((p.sum(0) / M - truth).square().sum() / n).item(), (
        d / (2 * M * M * n)
    ).item()
