def elastic_net_penalty(model, strength, l1_ratio):
    total = 0.0
    for p in model.parameters():
        if p.ndim > 1:
            total = total + (l1_ratio * p.abs() + 0.5 * (1 - l1_ratio) * p * p).sum()
    return total * strength
