def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    gap = (pred == labels).double() - conf.double()
    edges = torch.linspace(0, 1, n_bins + 1, dtype=conf.dtype)
    idx = torch.bucketize(conf, edges, right=True) - 1
    total = torch.zeros(n_bins, dtype=torch.float64)
    for i in range(n_bins):
        total[i] = gap[idx == i].sum()
    return (total.abs().sum() / len(labels)).item()
