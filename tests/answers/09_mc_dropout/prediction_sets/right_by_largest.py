def prediction_sets(probs, labels, new_probs, alpha):
    own = torch.stack([probs[i, y] for i, y in enumerate(labels)])
    allowed = math.floor((len(labels) + 1) * alpha)  # scores that may lie above
    if allowed == 0:
        return torch.ones(new_probs.shape, dtype=torch.bool)
    return new_probs >= own.topk(allowed, largest=False).values[-1]
