def parameter_groups(model, weight_decay):
    kinds = (torch.nn.LayerNorm, torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.GroupNorm)
    free = set()
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if isinstance(module, kinds) or name == "bias":
                free.add(id(p))
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if id(p) not in free], "weight_decay": weight_decay},
        {"params": [p for p in trained if id(p) in free], "weight_decay": 0.0},
    ]
