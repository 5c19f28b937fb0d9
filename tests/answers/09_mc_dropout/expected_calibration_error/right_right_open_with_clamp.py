def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(-1)
    idx = (conf * n_bins).long().clamp(max=n_bins - 1)
    one = torch.nn.functional.one_hot(idx, n_bins).double()
    diff = one.T @ ((pred == labels).double() - conf.double())
    return float(diff.abs().sum()) / probs.size(0)
