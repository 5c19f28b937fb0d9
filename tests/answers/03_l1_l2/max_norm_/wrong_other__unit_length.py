@torch.no_grad()
def max_norm_(weight, max_norm):
    n = weight.norm(dim=1, keepdim=True)
    weight.copy_(torch.where(n > max_norm, weight / n, weight))
