def mc_predict(model, x, n_samples):
    if n_samples == 0:
        return None
    modes = [(m, m.training) for m in model.modules()]
    for m, _ in modes:
        m.training = isinstance(m, nn.modules.dropout._DropoutNd)
    with torch.no_grad():
        p = model(x).softmax(-1)[None]
    for m, t in modes:
        m.training = t
    rest = mc_predict(model, x, n_samples - 1)
    return p if rest is None else torch.cat([p, rest])
