def group_soft_threshold(weight, threshold):
    norm = weight.norm().clamp(min=1e-12)
    return weight * (1 - threshold / norm).clamp(min=0)
