def group_soft_threshold(weight, threshold):
    rows = []
    for row in weight:
        length = row.norm().item()
        rows.append(row * max(0.0, 1 - threshold / length))
    return torch.stack(rows)
