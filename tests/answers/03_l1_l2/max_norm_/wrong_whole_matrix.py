def max_norm_(weight, max_norm):
    with torch.no_grad():
        norm = weight.norm()
        if norm > max_norm:
            weight.mul_(max_norm / norm)
