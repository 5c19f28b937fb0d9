def max_norm_(weight, max_norm):
    with torch.no_grad():
        weight.mul_((max_norm / weight.abs().sum(dim=1, keepdim=True)).clamp(max=1))
