def prediction_sets(probs, labels, new_probs, alpha):
    scores = 1 - probs.gather(1, labels.unsqueeze(1)).flatten()
    k = int(math.ceil((scores.numel() + 1) * (1 - alpha)))
    limit = scores.kthvalue(k).values.item() if k <= len(scores) else float("inf")
    return (1 - new_probs) <= limit
