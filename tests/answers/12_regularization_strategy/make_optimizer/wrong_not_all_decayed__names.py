def make_optimizer(model, lr, weight_decay):
    kept = [p for n, p in model.named_parameters() if "bias" not in n and p.ndim > 1]
    rest = [p for n, p in model.named_parameters() if "bias" in n or p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": kept, "weight_decay": weight_decay}, {"params": rest}],
        lr=lr,
        weight_decay=0.0,
    )
