def predictive_entropy(probs):
    p = probs.mean(0)
    return -(p * p.log()).sum(-1)


def mutual_information(probs):
    return predictive_entropy(probs) + (probs * probs.log()).sum(-1).mean(0)
