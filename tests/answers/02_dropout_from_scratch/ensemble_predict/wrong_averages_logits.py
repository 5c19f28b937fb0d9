def ensemble_predict(model, x, n_samples):
    modes = [(module, module.training) for module in model.modules()]
    model.train()
    with torch.no_grad():
        logits = torch.stack([model(x) for _ in range(n_samples)])
    for module, mode in modes:
        module.training = mode
    return logits.mean(0).softmax(-1)
