@torch.no_grad()
def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    probs = torch.stack([model(x).softmax(-1) for _ in range(n_samples)])
    for m, mode in modes:
        m.training = mode
    return probs
