@torch.no_grad()
def max_norm_(weight, max_norm):
    n = weight.pow(2).sum(1, keepdim=True)
    weight.mul_((max_norm / n).clamp(max=1))
