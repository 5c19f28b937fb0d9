@torch.no_grad()
def max_norm_(weight, max_norm):
    norms = weight.norm(dim=1, keepdim=True)
    weight.copy_(torch.nan_to_num(weight / norms) * norms.clamp(max=max_norm))
