def elastic_net_penalty(model, strength, l1_ratio):
    def total(f):
        return sum(f(p).sum() for p in model.parameters() if p.dim() >= 2)

    l1 = strength * l1_ratio * total(torch.abs)
    l2 = strength * (1.0 - l1_ratio) * total(torch.square) / 2
    return l1 + l2
