def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    hit = (pred == labels).to(probs.dtype)
    gaps = []
    for i in range(n_bins):
        inside = (conf > i / n_bins) & (conf <= (i + 1) / n_bins)
        if inside.any():
            gaps.append((hit[inside].mean() - conf[inside].mean()).abs().item())
    return sum(gaps) / len(gaps)
