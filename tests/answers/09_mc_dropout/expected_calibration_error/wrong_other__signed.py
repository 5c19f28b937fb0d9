def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    return abs(((pred == labels).float() - conf).mean().item())
