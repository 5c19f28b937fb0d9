def predictive_entropy(probs):
    return torch.xlogy(probs.mean(0), probs.mean(0)).sum(-1)


def mutual_information(probs):
    return predictive_entropy(probs) - torch.xlogy(probs, probs).sum(-1).mean(0)
