def parameter_groups(model, weight_decay):
    seen, decayed, free = set(), [], []
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if id(p) in seen or not p.requires_grad:
                continue
            seen.add(id(p))
            (decayed if p.dim() > 1 else free).append(p)
    groups = []
    if decayed:
        groups.append({"params": decayed, "weight_decay": weight_decay, "name": "decayed"})
    if free:
        groups.append({"params": free, "weight_decay": 0, "name": "free"})
    return groups
