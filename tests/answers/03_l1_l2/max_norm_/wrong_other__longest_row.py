@torch.no_grad()
def max_norm_(weight, max_norm):
    n = weight.norm(dim=1).max()
    if n > max_norm:
        weight.mul_(max_norm / n)
