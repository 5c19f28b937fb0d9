@torch.no_grad()
def mc_predict(model, x, n_samples):
    return torch.stack([model(x) for _ in range(n_samples)])
