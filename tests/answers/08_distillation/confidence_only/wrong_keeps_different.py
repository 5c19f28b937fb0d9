def confidence_only(probs):
    return probs.clone()
