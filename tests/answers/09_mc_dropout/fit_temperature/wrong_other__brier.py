def fit_temperature(logits, labels):
    ts = torch.linspace(0.05, 20, 1000).tolist()
    y = F.one_hot(labels, logits.shape[1])
    return min(
        ts, key=lambda t: ((logits / t).softmax(-1) - y).square().sum(1).mean().item()
    )
