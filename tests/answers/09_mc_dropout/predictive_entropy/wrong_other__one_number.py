def predictive_entropy(probs):
    return torch.special.entr(probs.mean(0)).sum(-1).mean()


def mutual_information(probs):
    return predictive_entropy(probs) - torch.special.entr(probs).sum(-1).mean()
