def fit_temperature(logits, labels):
    accuracy = (logits.argmax(1) == labels).double().mean()
    grid = [0.05 * 400 ** (k / 2000) for k in range(2001)]
    return min(grid, key=lambda t: abs((logits.double() / t).softmax(1).amax(1).mean() - accuracy).item())
