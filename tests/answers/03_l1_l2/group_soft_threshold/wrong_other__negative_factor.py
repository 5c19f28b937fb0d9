def group_soft_threshold(weight, threshold):
    norms = weight.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return weight * (1 - threshold / norms)
