import numpy as np


def cut_box(height, width, lam, center_y, center_x):
    half = np.floor(np.array([height, width]) * np.sqrt(1 - lam) / 2).astype(int)
    center, size = np.array([center_y, center_x]), np.array([height, width])
    low, high = np.maximum(center - half, 0), np.minimum(center + half, size)
    return int(low[0]), int(high[0]), int(low[1]), int(high[1])
