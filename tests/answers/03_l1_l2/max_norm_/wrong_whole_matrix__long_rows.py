@torch.no_grad()
def max_norm_(weight, max_norm):
    for row in weight:
        if row.norm() > max_norm:
            row.mul_(max_norm / weight.norm())
