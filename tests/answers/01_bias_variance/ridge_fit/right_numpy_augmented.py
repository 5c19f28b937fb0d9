import numpy as np


def ridge_fit(features, targets, strength):
    X, y = features.numpy(), targets.numpy()
    d = X.shape[1]
    A = np.vstack([X, np.sqrt(strength) * np.eye(d)])
    w = np.linalg.lstsq(A, np.concatenate([y, np.zeros(d)]), rcond=None)[0]
    return torch.from_numpy(w).to(features.dtype)
