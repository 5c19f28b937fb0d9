import numpy as np


def scaled_ridge(features, targets, strengths):
    x, y, s = (np.asarray(a, dtype=np.float64) for a in (features, targets, strengths))
    root = np.diag(np.sqrt(s * len(x)))
    w = np.linalg.lstsq(
        np.vstack([x, root]), np.append(y, np.zeros(len(s))), rcond=None
    )[0]
    return torch.from_numpy(w).to(features.dtype)
