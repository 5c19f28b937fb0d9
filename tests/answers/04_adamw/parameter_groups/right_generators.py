def parameter_groups(model, weight_decay):
    def pick(wide):
        return (p for p in model.parameters() if p.requires_grad and (len(p.shape) > 1) == wide)

    return [
        {"params": pick(True), "weight_decay": weight_decay},
        {"params": pick(False), "weight_decay": 0.0},
    ]
