import numpy as np
from scipy.stats import entropy


def predictive_entropy(probs):
    h = entropy(probs.mean(0).cpu().numpy(), axis=-1)
    return torch.from_numpy(np.asarray(h)).to(probs)


def mutual_information(probs):
    h = entropy(probs.cpu().numpy(), axis=-1).mean(0)
    return predictive_entropy(probs) - torch.from_numpy(np.asarray(h)).to(probs)
