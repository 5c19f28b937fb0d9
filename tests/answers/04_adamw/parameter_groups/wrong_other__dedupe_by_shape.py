def parameter_groups(model, weight_decay):
    seen, decay, no_decay = set(), [], []
    for p in model.parameters():
        if p.shape in seen or not p.requires_grad:
            continue
        seen.add(p.shape)
        (decay if p.ndim >= 2 else no_decay).append(p)
    return [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]
