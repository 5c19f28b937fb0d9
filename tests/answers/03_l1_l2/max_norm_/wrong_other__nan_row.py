def max_norm_(weight, max_norm):
    with torch.no_grad():
        norms = weight.norm(dim=1, keepdim=True)
        weight.copy_(weight / norms * norms.clamp(max=max_norm))
