def make_optimizer(model, lr, weight_decay):
    with torch.no_grad():
        for p in model.parameters(): p.mul_(1 - lr * weight_decay)
    return torch.optim.Adam(model.parameters(), lr=lr)
