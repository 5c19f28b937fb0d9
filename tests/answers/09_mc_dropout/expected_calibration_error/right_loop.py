def expected_calibration_error(probs, labels, n_bins=15):
    conf = probs.amax(1)
    right = (probs.argmax(1) == labels).to(probs.dtype)
    ece = 0.0
    for i in range(n_bins):
        inside = (conf > i / n_bins) & (conf <= (i + 1) / n_bins)
        if inside.any():
            share = inside.float().mean()
            ece += (share * (right[inside].mean() - conf[inside].mean()).abs()).item()
    return ece
