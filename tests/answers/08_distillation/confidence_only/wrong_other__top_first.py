def confidence_only(probs):
    top = probs.amax(1, keepdim=True)
    rest = (1 - top) / (probs.shape[1] - 1)
    return torch.cat([top, rest.repeat(1, probs.shape[1] - 1)], 1)
