@torch.no_grad()
def max_norm_(weight, max_norm):
    wt = weight.t()
    wt.mul_((max_norm / wt.norm(dim=0)).clamp(max=1))
