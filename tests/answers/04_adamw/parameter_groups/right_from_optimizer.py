def parameter_groups(model, weight_decay):
    opt = torch.optim.SGD([{"params": [p for p in model.parameters() if p.requires_grad and p.ndim >= 2], "weight_decay": weight_decay},
                           {"params": [p for p in model.parameters() if p.requires_grad and p.ndim < 2], "weight_decay": 0.0}], lr=0.1)
    return opt.param_groups
