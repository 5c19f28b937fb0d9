def expected_calibration_error(probs, labels, n_bins=15):
    conf, order = probs.max(1).values.sort()
    hit = (probs.argmax(1) == labels)[order].double()
    edges = torch.tensor([(i + 1) / n_bins for i in range(n_bins)], dtype=conf.dtype)
    edges[-1] = 1.0
    stop = torch.searchsorted(conf, edges, right=True).tolist()
    total, start = 0.0, 0
    for end in stop:
        if end > start:
            total += abs(float((hit[start:end] - conf[start:end].double()).sum()))
        start = end
    return total / len(labels)
