def predictive_entropy(probs):
    p = probs.mean(0)
    return -(p * torch.log2(p + 1e-12)).sum(-1)


def mutual_information(probs):
    return predictive_entropy(probs) + (probs * torch.log2(probs + 1e-12)).sum(-1).mean(0)
