def prediction_sets(probs, labels, new_probs, alpha):
    scores = 1 - probs[range(len(labels)), labels]
    below = (scores < (1 - new_probs).unsqueeze(-1)).sum(-1)  # calibration scores
    return below < math.ceil((len(labels) + 1) * (1 - alpha))
