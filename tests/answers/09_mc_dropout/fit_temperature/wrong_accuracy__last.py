def fit_temperature(logits, labels):
    grid = [0.05 * 400 ** (k / 200) for k in range(200)]
    return max(reversed(grid), key=lambda t: ((logits / t).argmax(1) == labels).float().mean().item())
