@torch.no_grad()
def mc_predict(model, x, n_samples):
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.modules.dropout._DropoutNd):
            m.train()
    return torch.stack([model(x).softmax(-1) for _ in range(n_samples)])
