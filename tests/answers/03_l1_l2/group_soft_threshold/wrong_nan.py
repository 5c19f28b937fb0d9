def group_soft_threshold(weight, threshold):
    norms = weight.norm(dim=1, keepdim=True)
    return weight * (1 - threshold / norms).clamp(min=0)
