def soft_threshold(w, threshold):
    return F.hardshrink(w, threshold)
