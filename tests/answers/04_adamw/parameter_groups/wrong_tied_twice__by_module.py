def parameter_groups(model, weight_decay):
    decayed, free = [], []
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if p.requires_grad:
                (decayed if p.ndim >= 2 else free).append(p)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
