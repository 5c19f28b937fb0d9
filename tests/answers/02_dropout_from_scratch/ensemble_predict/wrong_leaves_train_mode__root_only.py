@torch.no_grad()
def ensemble_predict(model, x, n_samples):
    mode = model.training
    model.train()
    probs = torch.stack([model(x).softmax(-1) for _ in range(n_samples)]).mean(0)
    model.train(mode)
    return probs
