import numpy as np


def expected_calibration_error(probs, labels, n_bins=15):
    p, y = probs.numpy(), labels.numpy()
    c = p.max(1).astype(np.float64)
    hit = (p.argmax(1) == y).astype(np.float64)
    which = np.digitize(c, np.linspace(0, 1, n_bins + 1)[1:-1], right=True)
    counts = np.bincount(which, minlength=n_bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        acc = np.bincount(which, hit, n_bins) / counts
        conf = np.bincount(which, c, n_bins) / counts
    return float(np.nansum(counts / len(y) * np.abs(acc - conf)))
