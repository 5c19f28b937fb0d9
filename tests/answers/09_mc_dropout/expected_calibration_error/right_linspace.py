def expected_calibration_error(probs, labels, n_bins=15):
    edges = torch.linspace(0, 1, n_bins + 1)
    conf, pred = probs.max(1)
    acc = pred.eq(labels)
    ece = torch.zeros(1)
    for low, high in zip(edges[:-1], edges[1:]):
        inside = conf.gt(low.item()) * conf.le(high.item())
        prop = inside.float().mean()
        if prop.item() > 0:
            gap = torch.abs(conf[inside].mean() - acc[inside].float().mean())
            ece += gap * prop
    return ece.item()
