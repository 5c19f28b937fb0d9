def elastic_net_penalty(model, strength, l1_ratio):
    l1 = sum(w.abs().sum() for w in model.parameters())
    l2 = sum((w**2).sum() for w in model.parameters() if w.ndim >= 2)
    return strength * (l1_ratio * l1 + (1 - l1_ratio) / 2 * l2)
