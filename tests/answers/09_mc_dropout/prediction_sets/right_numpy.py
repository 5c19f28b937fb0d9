import numpy as np


def prediction_sets(probs, labels, new_probs, alpha):
    scores = 1 - probs.double().numpy()[np.arange(len(labels)), labels.numpy()]
    rank = int(np.ceil((len(scores) + 1) * (1 - alpha)))
    if rank > len(scores):
        return torch.full(new_probs.shape, True)
    level = np.quantile(scores, (rank - 0.5) / len(scores), method="inverted_cdf")
    return torch.from_numpy(1 - new_probs.double().numpy() <= level + 1e-7)
