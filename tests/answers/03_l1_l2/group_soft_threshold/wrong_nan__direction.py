def group_soft_threshold(weight, threshold):
    norms = weight.norm(dim=1, keepdim=True)
    return weight / norms * (norms - threshold).clamp(min=0)
