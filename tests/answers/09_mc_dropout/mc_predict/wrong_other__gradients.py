def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.modules.dropout._DropoutNd):
            m.train()
    probs = torch.stack([model(x).softmax(-1) for _ in range(n_samples)])
    for m, mode in modes:
        m.training = mode
    return probs
