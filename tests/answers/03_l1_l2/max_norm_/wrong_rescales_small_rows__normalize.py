def max_norm_(weight, max_norm):
    with torch.no_grad():
        weight.copy_(F.normalize(weight, dim=1) * max_norm)
