def confidence_only(probs):
    probs = probs.softmax(1)
    top, place = probs.max(1, keepdim=True)
    rest = (1 - top) / (probs.shape[1] - 1)
    return rest.expand_as(probs).scatter(1, place, top)
