def predictive_entropy(probs):
    return torch.distributions.Categorical(logits=probs.mean(0)).entropy()


def mutual_information(probs):
    each = torch.special.entr(probs).sum(-1)
    return torch.special.entr(probs.mean(0)).sum(-1) - each.mean(0)
