def expected_calibration_error(probs, labels, n_bins=15):
    confidence, predicted = probs.max(dim=1)
    gap = (predicted == labels).float() - confidence
    bins = (confidence * n_bins).ceil().long() - 1
    total = torch.zeros(n_bins, dtype=gap.dtype).index_add(0, bins, gap)
    return (total.abs().sum() / len(gap)).item()
