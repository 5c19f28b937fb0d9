def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    gap = (pred == labels).double() - conf.double()
    total = torch.zeros(n_bins, dtype=torch.float64)
    total.index_add_(0, (conf * n_bins).long(), gap)
    return (total.abs().sum() / len(labels)).item()
