def fit_temperature(logits, labels):
    best, found = -1.0, 1.0
    for t in torch.linspace(0.05, 20, 400).tolist():
        accuracy = ((logits / t).softmax(-1).argmax(-1) == labels).float().mean().item()
        if accuracy > best:
            best, found = accuracy, t
    return found
