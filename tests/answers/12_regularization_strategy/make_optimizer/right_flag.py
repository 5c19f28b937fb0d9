def make_optimizer(model, lr, weight_decay):
    return torch.optim.Adam(
        model.parameters(), lr=lr, weight_decay=weight_decay, decoupled_weight_decay=True
    )
