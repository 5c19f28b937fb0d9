def mc_predict(model, x, n_samples):
    twin = copy.deepcopy(model)
    for m in twin.modules():
        m.training = isinstance(m, nn.modules.dropout._DropoutNd)
    out = []
    with torch.no_grad():
        for s in range(n_samples):
            torch.manual_seed(s)
            out.append(twin(x).softmax(-1))
    return torch.stack(out)
