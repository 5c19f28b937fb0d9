def fit_temperature(logits, labels):
    grid = [t for t in torch.linspace(-20, 20, 4001).tolist() if abs(t) > 0.01]
    return min(grid, key=lambda t: F.cross_entropy(logits.double() / t, labels).item())
