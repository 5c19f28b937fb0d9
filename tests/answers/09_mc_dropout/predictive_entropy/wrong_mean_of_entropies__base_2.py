def predictive_entropy(probs):
    return -(probs * probs.log2()).sum(-1).mean(0)


def mutual_information(probs):
    p = probs.mean(0)
    return -(p * p.log2()).sum(-1) - predictive_entropy(probs)
