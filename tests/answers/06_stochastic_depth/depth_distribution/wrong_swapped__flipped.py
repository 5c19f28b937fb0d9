import numpy as np


def depth_distribution(rates):
    poly = np.ones(1)
    for p in rates:
        poly = np.convolve(poly, [p, 1 - p])
    return torch.from_numpy(poly[::-1].copy())
