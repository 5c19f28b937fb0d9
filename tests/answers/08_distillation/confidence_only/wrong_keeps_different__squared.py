def confidence_only(probs):
    top, place = probs.max(1, keepdim=True)
    others = probs.square().scatter(1, place, 0.0)
    others = others / others.sum(1, keepdim=True).clamp_min(1e-30) * (1 - top)
    return others.scatter(1, place, top)
