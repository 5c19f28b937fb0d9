def predictive_entropy(probs):
    return torch.special.entr(probs.mean(0)).sum(-1)


def mutual_information(probs):
    return predictive_entropy(probs) + (probs * probs.log()).sum(-1).mean(0)
