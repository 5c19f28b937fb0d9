def elastic_net_penalty(model, strength, l1_ratio):
    s, r = torch.tensor(strength), torch.tensor(l1_ratio)
    ws = [p for p in model.parameters() if p.dim() > 1]
    l1 = sum(w.abs().sum() for w in ws)
    l2 = sum((w * w).sum() for w in ws)
    return s * r * l1 + s * (1 - r) * l2 / 2
