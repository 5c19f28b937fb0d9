def ensemble_predict(model, x, n_samples):
    modes = [m.training for m in model.modules()]
    model.train()
    probs = [F.softmax(model(x), dim=-1).detach() for _ in range(n_samples)]
    for m, mode in zip(model.modules(), modes):
        m.training = mode
    return torch.mean(torch.stack(probs, dim=2), dim=2)
