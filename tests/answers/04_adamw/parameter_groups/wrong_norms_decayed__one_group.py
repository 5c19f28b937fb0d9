def parameter_groups(model, weight_decay):
    trained = [p for p in model.parameters() if p.requires_grad]
    return [{"params": trained, "weight_decay": weight_decay}]
