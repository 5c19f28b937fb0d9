def expected_calibration_error(probs, labels, n_bins=15):
    top, pred = probs.max(1)
    conf = probs[torch.arange(len(labels)), labels]
    gap = (pred == labels).double() - conf.double()
    idx = (top * n_bins).ceil().long() - 1
    total = torch.bincount(idx, weights=gap, minlength=n_bins)
    return (total.abs().sum() / len(labels)).item()
