def prediction_sets(probs, labels, new_probs, alpha):
    scores = 1 - probs[torch.arange(len(labels)), labels]
    return 1 - new_probs <= torch.quantile(scores, 1 - alpha)
