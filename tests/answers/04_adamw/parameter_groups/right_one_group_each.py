def parameter_groups(model, weight_decay):
    return [
        dict(params=[p], weight_decay=weight_decay * (p.ndim >= 2))
        for p in model.parameters()
        if p.requires_grad
    ]
