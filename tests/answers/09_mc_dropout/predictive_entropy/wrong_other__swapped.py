def predictive_entropy(probs):
    return torch.special.entr(probs.mean(0)).sum(-1) - torch.special.entr(probs).sum(
        -1
    ).mean(0)


def mutual_information(probs):
    return torch.special.entr(probs.mean(0)).sum(-1)
