def predictive_entropy(probs):
    p = probs.mean(0)
    return -(p * p.log()).nan_to_num(0.0).sum(-1)


def mutual_information(probs):
    return predictive_entropy(probs) + (probs * probs.log()).nan_to_num(0.0).sum(-1).mean(0)
