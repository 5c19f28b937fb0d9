def prediction_sets(probs, labels, new_probs, alpha):
    n = len(labels)
    scores = 1 - probs[torch.arange(n), labels]
    return 1 - new_probs <= scores.sort().values[math.ceil((n + 1) * (1 - alpha)) - 1]
