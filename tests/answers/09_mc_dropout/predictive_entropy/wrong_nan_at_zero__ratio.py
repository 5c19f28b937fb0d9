def predictive_entropy(probs):
    return torch.special.entr(probs.mean(0)).sum(-1)


def mutual_information(probs):
    return (probs * (probs / probs.mean(0)).log()).sum(-1).mean(0)
