def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    for m in model.modules():
        m.training = isinstance(m, nn.Dropout)
    with torch.no_grad():
        probs = torch.stack([torch.log(model(x).softmax(-1)) for _ in range(n_samples)])
    for m, mode in modes:
        m.training = mode
    return probs
