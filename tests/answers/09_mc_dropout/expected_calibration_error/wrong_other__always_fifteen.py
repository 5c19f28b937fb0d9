def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    gap = (pred == labels).double() - conf.double()
    idx = (conf * 15).ceil().long() - 1
    return (torch.bincount(idx, weights=gap, minlength=15).abs().sum() / len(labels)).item()
