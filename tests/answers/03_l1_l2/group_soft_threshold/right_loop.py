def group_soft_threshold(weight, threshold):
    out = torch.zeros_like(weight)
    for i, row in enumerate(weight):
        length = row.pow(2).sum().sqrt().item()
        if length > threshold:
            out[i] = row * (1 - threshold / length)
    return out
