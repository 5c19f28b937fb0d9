def make_optimizer(model, lr, weight_decay):
    return torch.optim.AdamW(model.parameters(), weight_decay=weight_decay)
