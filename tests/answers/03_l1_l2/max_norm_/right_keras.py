def max_norm_(weight, max_norm):
    with torch.no_grad():
        norms = weight.square().sum(dim=1, keepdim=True).sqrt()
        weight.copy_(weight * norms.clamp(0, max_norm) / (norms + 1e-7))
