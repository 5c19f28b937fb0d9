import numpy as np


def ridge_fit(features, targets, strength):
    x, y = features.numpy().astype(np.float64), targets.numpy().astype(np.float64)
    x = np.vstack([x, np.sqrt(strength) * np.eye(x.shape[1])])
    y = np.concatenate([y, np.zeros(x.shape[1])])
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    return torch.from_numpy(weights).to(features.dtype)
