def max_norm_(weight, max_norm):
    with torch.no_grad():
        lengths = weight.norm(dim=1, keepdim=True).clamp(max=max_norm)
        weight.copy_(F.normalize(weight, dim=1) * lengths)
