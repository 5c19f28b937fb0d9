def soft_threshold(w, threshold):
    return w.clamp(-threshold, threshold)
