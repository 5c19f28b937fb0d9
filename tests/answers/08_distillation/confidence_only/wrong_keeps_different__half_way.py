def confidence_only(probs):
    top, place = probs.max(1, keepdim=True)
    even = ((1 - top) / (probs.shape[1] - 1)).expand_as(probs).scatter(1, place, top)
    return (probs + even) / 2
