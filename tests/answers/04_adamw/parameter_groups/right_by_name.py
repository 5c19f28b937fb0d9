def parameter_groups(model, weight_decay):
    unique = {id(p): (name, p) for name, p in model.named_parameters(remove_duplicate=False)}
    buckets = {}
    for name, p in unique.values():
        if p.requires_grad:
            buckets.setdefault(p.ndim, []).append((name, p))
    return [
        {"params": named, "weight_decay": weight_decay if ndim > 1 else 0.0}
        for ndim, named in buckets.items()
    ]
