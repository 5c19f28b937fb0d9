def parameter_groups(model, weight_decay):
    params = {}
    for module in model.modules():
        for name in ("weight", "bias"):
            p = getattr(module, name, None)
            if p is not None and p.requires_grad:
                params[id(p)] = p
    return [
        {"params": [p for p in params.values() if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in params.values() if p.ndim < 2], "weight_decay": 0.0},
    ]
