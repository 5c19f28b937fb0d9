def parameter_groups(model, weight_decay):
    trained = [p for p in model.parameters() if p.requires_grad]
    bias = {id(p) for n, p in model.named_parameters() if n.endswith("bias")}
    return [
        {"params": [p for p in trained if id(p) not in bias], "weight_decay": weight_decay},
        {"params": [p for p in trained if id(p) in bias], "weight_decay": 0.0},
    ]
