import numpy as np


def cut_box(height, width, lam, center_y, center_x):
    ratio = np.sqrt(1.0 - lam)
    cut_h, cut_w = int(height * ratio), int(width * ratio)
    y1 = np.clip(center_y - cut_h // 2, 0, height)
    y2 = np.clip(center_y + cut_h // 2, 0, height)
    x1 = np.clip(center_x - cut_w // 2, 0, width)
    x2 = np.clip(center_x + cut_w // 2, 0, width)
    return y1, y2, x1, x2
