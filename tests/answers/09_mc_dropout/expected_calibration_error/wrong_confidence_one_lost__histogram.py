def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(1)
    hit = (pred == labels).double()
    ece = 0.0
    for i in range(n_bins):
        inside = (conf * n_bins).long() == i
        if inside.sum() > 0:
            ece += abs((hit[inside].mean() - conf[inside].double().mean()).item()) * inside.double().mean().item()
    return ece
