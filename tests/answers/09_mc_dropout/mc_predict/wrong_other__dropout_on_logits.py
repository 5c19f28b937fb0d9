def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    with torch.no_grad():
        logits = model(x)
        probs = [F.dropout(logits, 0.5).softmax(-1) for _ in range(n_samples)]
    for m, mode in modes:
        m.training = mode
    return torch.stack(probs)
