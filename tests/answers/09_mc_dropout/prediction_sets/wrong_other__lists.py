def prediction_sets(probs, labels, new_probs, alpha):
    n = len(labels)
    scores = 1 - probs[torch.arange(n), labels]
    rank = math.ceil((n + 1) * (1 - alpha))
    if rank > n:
        return torch.ones_like(new_probs, dtype=torch.bool)
    inside = 1 - new_probs <= scores.sort().values[rank - 1]
    return [row.nonzero().flatten().tolist() for row in inside]
