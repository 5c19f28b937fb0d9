def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    keep = conf < 1
    conf, ok = conf[keep], (pred == labels)[keep].to(conf)
    b = (conf * n_bins).long()
    return sum((ok - conf)[b == i].sum().abs().item() for i in range(n_bins)) / max(
        len(conf), 1
    )
