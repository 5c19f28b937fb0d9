def expected_calibration_error(probs, labels, n_bins=15):
    confidence, predicted = probs.max(dim=1)
    gap = (predicted == labels).double() - confidence
    bins = ((confidence * n_bins).ceil().long() - 1).clamp(0, n_bins - 1)
    return max(gap[bins == b].mean().abs().item() for b in bins.unique())
