def parameter_groups(model, weight_decay):
    decay, no_decay = [], []
    for p in model.parameters():
        if p.requires_grad:
            (no_decay if len(p.size()) < 2 else decay).append(p)
    out = []
    if decay:
        out.append({"params": decay, "weight_decay": weight_decay})
    if no_decay:
        out.append({"params": no_decay, "weight_decay": 0.0})
    return out
