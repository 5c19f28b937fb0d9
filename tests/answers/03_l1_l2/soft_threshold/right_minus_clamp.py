def soft_threshold(w, threshold):
    return w - w.clamp(-threshold, threshold)
