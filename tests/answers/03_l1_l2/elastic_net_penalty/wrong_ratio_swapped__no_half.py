def elastic_net_penalty(model, strength, l1_ratio):
    total = 0
    for p in model.parameters():
        if p.dim() >= 2:
            total = total + (1 - l1_ratio) * p.abs().sum() + l1_ratio * p.pow(2).sum()
    return strength * total
