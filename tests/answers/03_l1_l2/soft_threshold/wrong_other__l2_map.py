def soft_threshold(w, threshold):
    return w / (1 + threshold)
