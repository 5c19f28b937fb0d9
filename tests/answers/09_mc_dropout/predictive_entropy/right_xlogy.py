def H(p):
    return -torch.xlogy(p, p).sum(dim=-1)


def predictive_entropy(probs):
    return H(probs.mean(dim=0))


def mutual_information(probs):
    return (H(probs.mean(dim=0)) - H(probs).mean(dim=0)).clamp(min=0)
