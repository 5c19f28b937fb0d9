def group_soft_threshold(weight, threshold):
    length = (weight.norm(dim=-1) - threshold).relu()
    return F.normalize(weight, dim=-1) * length[:, None]
