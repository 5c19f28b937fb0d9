def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    gap = (pred == labels).double() - conf.double()
    idx = (conf * n_bins).ceil().long() - 1
    return torch.bincount(idx, weights=gap, minlength=n_bins).abs().sum() / len(labels)
