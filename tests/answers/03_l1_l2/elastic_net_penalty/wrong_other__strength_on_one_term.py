def elastic_net_penalty(model, strength, l1_ratio):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    l1 = sum(w.abs().sum() for w in weights)
    l2 = sum(w.pow(2).sum() for w in weights)
    return strength * l1_ratio * l1 + (1 - l1_ratio) / 2 * l2
