def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.modules.dropout._DropoutNd):
            m.train()
    probs = []
    for _ in range(n_samples):
        rows = [model(row[None])[0].detach() for row in x]
        probs.append(torch.stack(rows).softmax(-1))
    probs = torch.stack(probs).detach()
    for m, mode in modes:
        m.training = mode
    return probs
