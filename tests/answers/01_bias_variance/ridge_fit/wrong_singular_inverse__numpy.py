import numpy as np


def ridge_fit(features, targets, strength):
    x, y = features.numpy(), targets.numpy()
    a = x.T @ x + strength * np.eye(x.shape[1], dtype=x.dtype)
    return torch.from_numpy(np.linalg.inv(a) @ x.T @ y)
