from itertools import groupby

def parameter_groups(model, weight_decay):
    key = lambda p: p.ndim >= 2
    live = sorted((p for p in model.parameters() if p.requires_grad), key=key)
    return [{"params": list(g), "weight_decay": weight_decay * k} for k, g in groupby(live, key)]
