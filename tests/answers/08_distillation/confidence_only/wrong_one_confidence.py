def confidence_only(probs):
    top, place = probs.max(1, keepdim=True)
    top = top.mean().expand_as(top)
    rest = (1 - top) / (probs.shape[1] - 1)
    return rest.expand_as(probs).scatter(1, place, top)
