def fit_temperature(logits, labels):
    z = logits.double()
    zy = z.gather(1, labels[:, None])[:, 0]
    lo, hi, b = 0.05, 20.0, 1.0
    for _ in range(100):
        p = (b * z).softmax(1)
        m = (p * z).sum(1)
        g = (m - zy).mean().item()
        h = ((p * z**2).sum(1) - m**2).mean().item()
        if g > 0:
            hi = b
        else:
            lo = b
        n = b - g / h if h > 1e-12 else (lo + hi) / 2
        b = n if lo < n < hi else (lo + hi) / 2
    return float(min(max(1 / b, 0.05), 20.0))
