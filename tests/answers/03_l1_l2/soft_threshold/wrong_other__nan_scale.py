def soft_threshold(w, threshold):
    return w * F.relu(1 - threshold / w.abs())
