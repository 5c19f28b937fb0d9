@torch.no_grad()
def max_norm_(weight, max_norm):
    n = weight.pow(2).sum(1, keepdim=True)
    weight.copy_(torch.where(n > max_norm, weight * max_norm / n.sqrt(), weight))
