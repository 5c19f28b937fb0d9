def max_norm_(weight, max_norm):
    with torch.no_grad():
        for row in weight:
            length = row.norm()
            if length > max_norm:
                row.mul_(max_norm / length)
    return weight
