def make_optimizer(model, lr, weight_decay):
    bias = [p for n, p in model.named_parameters() if n.endswith("bias")]
    rest = [p for n, p in model.named_parameters() if not n.endswith("bias")]
    return torch.optim.AdamW([{"params": rest, "weight_decay": weight_decay}, {"params": bias, "weight_decay": 0.0}], lr=lr)
