def prediction_sets(probs, labels, new_probs, alpha):
    scores = sorted([1 - p[y].item() for p, y in zip(probs, labels)]) + [math.inf]
    rank = min(math.ceil((len(labels) + 1) * (1 - alpha)), len(labels) + 1)
    return new_probs >= 1 - scores[rank - 1]
