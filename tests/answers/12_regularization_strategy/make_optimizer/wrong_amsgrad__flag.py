def make_optimizer(model, lr, weight_decay):
    return torch.optim.Adam(
        model.parameters(),
        lr,
        weight_decay=weight_decay,
        amsgrad=True,
        decoupled_weight_decay=True,
    )
