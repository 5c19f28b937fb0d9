def fit_temperature(logits, labels):
    t = nn.Parameter(torch.tensor(1.5))
    opt = torch.optim.LBFGS([t], lr=0.1, max_iter=50)
    opt.step(lambda: F.cross_entropy(logits / t, labels))
    return t.item()
