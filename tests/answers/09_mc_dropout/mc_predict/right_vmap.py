def mc_predict(model, x, n_samples):
    modes = [m.training for m in model.modules()]
    for m in model.modules():
        m.training = isinstance(m, (nn.Dropout, nn.Dropout2d, nn.AlphaDropout))
    with torch.no_grad():
        run = torch.vmap(lambda _: model(x), randomness="different")
        probs = torch.softmax(run(torch.empty(n_samples)), -1)
    for m, mode in zip(model.modules(), modes):
        m.training = mode
    return probs
