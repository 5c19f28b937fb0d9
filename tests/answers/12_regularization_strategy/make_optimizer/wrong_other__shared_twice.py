def make_optimizer(model, lr, weight_decay):
    ps = [p for m in model.modules() for p in m.parameters(recurse=False)]
    return torch.optim.AdamW(ps, lr=lr, weight_decay=weight_decay)
