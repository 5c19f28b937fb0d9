def max_norm_(weight, max_norm):
    with torch.no_grad():
        weight.mul_(max_norm / weight.norm(dim=1, keepdim=True))
