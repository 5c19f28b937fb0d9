def confidence_only(probs):
    top, place = probs.max(1, keepdim=True)
    return (1 - top).expand_as(probs).scatter(1, place, top)
