def parameter_groups(model, weight_decay):
    tables = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)}
    trained = [p for p in model.parameters() if p.requires_grad]
    wide = [p for p in trained if p.ndim >= 2 and id(p) not in tables]
    rest = [p for p in trained if p.ndim < 2 or id(p) in tables]
    return [{"params": wide, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
