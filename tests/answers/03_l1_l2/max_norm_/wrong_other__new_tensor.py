def max_norm_(weight, max_norm):
    return weight * (max_norm / weight.norm(dim=1, keepdim=True)).clamp(max=1)
