def group_soft_threshold(weight, threshold):
    if threshold == 0:
        return weight.clone()
    norms = weight.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return weight - weight * (threshold / norms).clamp(max=1)
