import numpy as np


def prediction_sets(probs, labels, new_probs, alpha):
    n = len(labels)
    scores = 1 - probs[torch.arange(n), labels].double().numpy()
    level = min(np.ceil((n + 1) * (1 - alpha)) / n, 1.0)
    if (n + 1) * (1 - alpha) > n:
        return torch.ones_like(new_probs, dtype=torch.bool)
    return 1 - new_probs <= float(np.quantile(scores, level, method="higher")) + 1e-6
