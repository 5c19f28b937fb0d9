def parameter_groups(model, weight_decay):
    norms = {id(p) for n, p in model.named_parameters() if p.ndim < 2 and "weight" in n}
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if id(p) not in norms], "weight_decay": weight_decay},
        {"params": [p for p in trained if id(p) in norms], "weight_decay": 0.0},
    ]
