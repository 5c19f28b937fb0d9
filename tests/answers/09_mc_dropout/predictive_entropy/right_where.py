def mutual_information(probs):
    each = torch.where(probs > 0, -probs * probs.log(), torch.zeros_like(probs))
    return predictive_entropy(probs) - each.sum(-1).sum(0) / len(probs)


def predictive_entropy(probs):
    p = probs.sum(0) / probs.shape[0]
    return torch.where(p > 0, -p * p.log(), torch.zeros_like(p)).sum(-1)
