def confidence_only(probs):
    top, place = probs.max(1, keepdim=True)
    probs[:] = (1 - top) / (probs.shape[1] - 1)
    return probs.scatter_(1, place, top)
