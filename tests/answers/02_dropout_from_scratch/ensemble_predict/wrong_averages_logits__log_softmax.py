def ensemble_predict(model, x, n_samples):
    modes = [(module, module.training) for module in model.modules()]
    model.train()
    with torch.no_grad():
        logs = torch.stack([F.log_softmax(model(x), -1) for _ in range(n_samples)])
    for module, mode in modes:
        module.training = mode
    return logs.mean(0).exp()
