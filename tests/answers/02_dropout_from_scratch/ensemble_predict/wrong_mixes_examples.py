def ensemble_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.train()
    with torch.no_grad():
        many = model(x.repeat(n_samples, 1)).softmax(-1)
        probs = many.view(len(x), n_samples, -1).mean(1)
    for m, mode in modes:
        m.training = mode
    return probs
