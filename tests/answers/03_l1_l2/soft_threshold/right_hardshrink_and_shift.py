def soft_threshold(w, threshold):
    h = F.hardshrink(w, threshold)
    return h - threshold * h.sign()
