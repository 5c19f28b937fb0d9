def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.modules.dropout._DropoutNd):
            m.train()
    with torch.no_grad():
        probs = torch.stack([model(x).softmax(-1) for _ in range(n_samples)]).mean(0)
    for m, mode in modes:
        m.training = mode
    return probs
