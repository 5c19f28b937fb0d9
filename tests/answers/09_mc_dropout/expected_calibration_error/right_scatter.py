def expected_calibration_error(probs, labels, n_bins=15):
    with torch.no_grad():
        conf, pred = probs.max(1)
        b = torch.clamp((conf * n_bins).ceil().int() - 1, min=0, max=n_bins - 1).long()
        z = torch.zeros(n_bins, dtype=torch.float64)
        n = z.scatter_add(0, b, torch.ones_like(conf, dtype=torch.float64))
        acc = z.scatter_add(0, b, (pred == labels).double()) / n.clamp_min(1)
        cf = z.scatter_add(0, b, conf.double()) / n.clamp_min(1)
        return float(((acc - cf).abs() * n / n.sum()).sum())
