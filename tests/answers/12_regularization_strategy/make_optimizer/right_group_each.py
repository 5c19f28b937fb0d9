def make_optimizer(model, lr, weight_decay):
    return torch.optim.AdamW([{"params": [p]} for p in model.parameters()], lr=lr, weight_decay=weight_decay, betas=(0.9, 0.999), eps=1e-8)
