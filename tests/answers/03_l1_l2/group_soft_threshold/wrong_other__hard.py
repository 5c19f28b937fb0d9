def group_soft_threshold(weight, threshold):
    return weight * (weight.norm(dim=1, keepdim=True) > threshold)
