def parameter_groups(model, weight_decay):
    unique = {p for _, p in model.named_parameters(remove_duplicate=False) if p.requires_grad}
    decay = [p for p in unique if p.ndim >= 2]
    no_decay = list(unique - set(decay))
    return [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]
