def predictive_entropy(probs):
    p = probs.mean(0)
    return -(p * torch.log(p + 1e-10)).sum(-1)


def mutual_information(probs):
    expected = -(probs * torch.log(probs + 1e-10)).sum(-1).mean(0)
    return predictive_entropy(probs) - expected
