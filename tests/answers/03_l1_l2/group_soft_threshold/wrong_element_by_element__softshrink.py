def group_soft_threshold(weight, threshold):
    return F.softshrink(weight, threshold)
