def expected_calibration_error(probs, labels, n_bins=15):
    conf = probs[torch.arange(len(labels)), labels]
    hit = (probs.argmax(1) == labels).to(probs.dtype)
    gaps = []
    for i in range(n_bins):
        inside = (conf > i / n_bins) & (conf <= (i + 1) / n_bins)
        if inside.any():
            gaps.append(abs(float((hit[inside] - conf[inside]).mean())))
    return sum(gaps) / len(gaps)
