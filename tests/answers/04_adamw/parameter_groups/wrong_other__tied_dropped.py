def parameter_groups(model, weight_decay):
    from collections import Counter
    count = Counter(id(p) for _, p in model.named_parameters(remove_duplicate=False))
    live = [p for p in model.parameters() if p.requires_grad and count[id(p)] == 1]
    return [{"params": [p for p in live if p.ndim >= 2], "weight_decay": weight_decay}, {"params": [p for p in live if p.ndim < 2], "weight_decay": 0.0}]
