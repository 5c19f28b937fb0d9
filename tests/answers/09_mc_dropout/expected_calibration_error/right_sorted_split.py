def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    order = conf.argsort()
    gap = ((pred == labels).double() - conf.double())[order]
    counts = torch.bincount(
        torch.clamp((conf[order].double() * n_bins).ceil().long() - 1, 0, n_bins - 1),
        minlength=n_bins,
    )
    return sum(
        g.sum().abs().item() for g in gap.split(counts.tolist()) if len(g)
    ) / len(gap)
