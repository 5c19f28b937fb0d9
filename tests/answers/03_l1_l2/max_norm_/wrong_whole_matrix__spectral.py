@torch.no_grad()
def max_norm_(weight, max_norm):
    n = torch.linalg.matrix_norm(weight, 2)
    weight.mul_((max_norm / n).clamp(max=1))
