from torch.distributions import Categorical, kl_divergence


def predictive_entropy(probs):
    return Categorical(probs=probs.mean(0)).entropy()


def mutual_information(probs):
    whole = Categorical(probs=probs.mean(0).expand_as(probs))
    return kl_divergence(Categorical(probs=probs), whole).mean(0)
