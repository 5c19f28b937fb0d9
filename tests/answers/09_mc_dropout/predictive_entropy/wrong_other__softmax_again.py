def predictive_entropy(probs):
    return torch.distributions.Categorical(logits=probs.mean(0)).entropy()


def mutual_information(probs):
    return predictive_entropy(probs) - torch.distributions.Categorical(logits=probs).entropy().mean(0)
