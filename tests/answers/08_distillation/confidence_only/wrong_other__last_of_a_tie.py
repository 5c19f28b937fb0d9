def confidence_only(probs):
    place = probs.shape[1] - 1 - probs.flip(1).argmax(1, keepdim=True)
    top = probs.gather(1, place)
    rest = (1 - top) / (probs.shape[1] - 1)
    return rest.expand_as(probs).scatter(1, place, top)
