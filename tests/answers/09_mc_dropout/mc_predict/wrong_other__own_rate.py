def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.modules.dropout._DropoutNd):
            m.train()
    rates = [m.p for m in model.modules() if hasattr(m, "p")]
    for m in model.modules():
        if hasattr(m, "p"):
            m.p = 0.1
    with torch.no_grad():
        probs = torch.stack([model(x).softmax(-1) for _ in range(n_samples)])
    for m, p in zip([m for m in model.modules() if hasattr(m, "p")], rates):
        m.p = p
    for m, mode in modes:
        m.training = mode
    return probs
