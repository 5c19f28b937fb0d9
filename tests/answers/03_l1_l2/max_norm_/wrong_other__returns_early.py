@torch.no_grad()
def max_norm_(weight, max_norm):
    for row in weight:
        n = row.norm()
        if n > max_norm:
            row.mul_(max_norm / n)
        return weight
