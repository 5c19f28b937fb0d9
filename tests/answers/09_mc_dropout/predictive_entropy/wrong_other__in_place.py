def predictive_entropy(probs):
    return torch.special.entr(probs.mean(0)).sum(-1)


def mutual_information(probs):
    total = predictive_entropy(probs)
    return total - probs.mul_(-probs.clamp_min(1e-30).log()).sum(-1).mean(0)
