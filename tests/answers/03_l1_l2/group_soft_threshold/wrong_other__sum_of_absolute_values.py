def group_soft_threshold(weight, threshold):
    size = weight.abs().sum(1, keepdim=True).clamp(min=1e-12)
    return weight * (1 - threshold / size).clamp(min=0)
