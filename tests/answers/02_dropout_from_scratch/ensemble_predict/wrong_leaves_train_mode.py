@torch.no_grad()
def ensemble_predict(model, x, n_samples):
    model.train()
    return torch.stack([model(x).softmax(-1) for _ in range(n_samples)]).mean(0)
