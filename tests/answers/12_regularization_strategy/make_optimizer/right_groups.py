def make_optimizer(model, lr, weight_decay):
    big = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    small = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": big, "lr": lr}, {"params": small, "lr": lr}]
    return torch.optim.AdamW(groups, weight_decay=weight_decay)
