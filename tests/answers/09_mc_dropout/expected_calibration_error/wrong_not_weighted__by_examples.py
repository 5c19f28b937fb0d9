def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    ok = (pred == labels).to(conf)
    gap = 0.0
    for i in range(n_bins):
        m = (conf > i / n_bins) & (conf <= (i + 1) / n_bins)
        if m.any():
            gap += abs(ok[m].mean() - conf[m].mean()).item()
    return gap / len(labels)
