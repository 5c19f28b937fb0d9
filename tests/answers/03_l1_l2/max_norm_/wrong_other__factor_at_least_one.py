def max_norm_(weight, max_norm):
    with torch.no_grad():
        norms = weight.norm(dim=1, keepdim=True).clamp(min=1e-12)
        weight.mul_((max_norm / norms).clamp(min=1))
