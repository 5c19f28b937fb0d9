def expected_calibration_error(probs, labels, n_bins=15):
    conf = probs.gather(1, labels[:, None])[:, 0]
    hit = (probs.argmax(1) == labels).to(probs.dtype)
    total = 0.0
    for i in range(n_bins):
        inside = (conf > i / n_bins) & (conf <= (i + 1) / n_bins)
        if inside.any():
            total += abs(float((hit[inside] - conf[inside]).sum()))
    return total / len(labels)
