def effective_parameters(features, strength):
    import numpy as np

    s = np.linalg.svd(features.numpy(), compute_uv=False)
    s = s[s > s.max() * max(features.shape) * np.finfo(s.dtype).eps]
    return float(np.sum(s**2 / (s**2 + strength)))
