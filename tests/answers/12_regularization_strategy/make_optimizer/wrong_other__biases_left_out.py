def make_optimizer(model, lr, weight_decay):
    return torch.optim.AdamW([p for n, p in model.named_parameters() if "weight" in n], lr=lr, weight_decay=weight_decay)
