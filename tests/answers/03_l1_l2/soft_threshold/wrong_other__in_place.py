def soft_threshold(w, threshold):
    w -= w.clamp(-threshold, threshold)
    return w
