import numpy as np


def bias_variance(predictions, truth):
    p, f = predictions.numpy(), truth.numpy()
    bias = np.mean((p.mean(axis=0) - f) ** 2)
    return bias.item(), p.var(axis=0).mean().item()
