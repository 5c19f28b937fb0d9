def parameter_groups(model, weight_decay):
    live = [p for p in model.parameters() if p.requires_grad]
    decay, no_decay = [p for p in live if p.ndim >= 2], [p for p in live if p.ndim < 2]
    return [{"params": decay, "weight_decay": weight_decay}]
