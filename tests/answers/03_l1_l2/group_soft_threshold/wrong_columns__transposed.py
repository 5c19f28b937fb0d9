def group_soft_threshold(weight, threshold):
    w = weight.T
    norms = w.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return (w * (1 - threshold / norms).clamp(min=0)).T
