def expected_calibration_error(probs, labels, n_bins=15):
    total = [0.0] * n_bins
    for row, y in zip(probs, labels):
        c = row.max().item()
        total[int(c * n_bins)] += float(row.argmax() == y) - c
    return sum(map(abs, total)) / len(labels)
