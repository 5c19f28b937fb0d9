def confidence_only(probs):
    top, place = probs.max(1, keepdim=True)
    return torch.zeros_like(probs).scatter(1, place, top)
