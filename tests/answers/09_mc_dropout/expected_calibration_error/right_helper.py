from helpers import metrics


def expected_calibration_error(probs, labels, n_bins=15):
    return metrics.expected_calibration_error(probs, labels, n_bins=n_bins)
