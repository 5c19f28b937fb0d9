def soft_threshold(w, threshold):
    return w - threshold * w.sign()
