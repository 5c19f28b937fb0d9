def ensemble_predict(model, x, n_samples):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    with torch.no_grad():
        probs = torch.stack([model(x).softmax(-1) for _ in range(n_samples)])
    for module, mode in modes:
        module.training = mode
    return probs.mean(0)
