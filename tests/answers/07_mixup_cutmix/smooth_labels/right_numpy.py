import numpy as np


def smooth_labels(labels, num_classes, epsilon):
    out = np.full((len(labels), num_classes), epsilon / num_classes)
    out[np.arange(len(labels)), labels.numpy()] += 1 - epsilon
    return torch.from_numpy(out.astype("float32"))
