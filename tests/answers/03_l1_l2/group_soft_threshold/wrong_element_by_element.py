def group_soft_threshold(weight, threshold):
    return weight.sign() * (weight.abs() - threshold).clamp(min=0)
