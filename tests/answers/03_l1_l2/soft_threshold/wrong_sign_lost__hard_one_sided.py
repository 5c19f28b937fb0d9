def soft_threshold(w, threshold):
    return F.threshold(w, threshold, 0.0)
