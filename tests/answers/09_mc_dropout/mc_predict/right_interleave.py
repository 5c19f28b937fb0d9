def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.modules.dropout._DropoutNd):
            m.train()
    with torch.no_grad():
        big = x.repeat_interleave(n_samples, 0)
        probs = model(big).softmax(-1).reshape(len(x), n_samples, -1).transpose(0, 1)
    for m, mode in modes:
        m.training = mode
    return probs
