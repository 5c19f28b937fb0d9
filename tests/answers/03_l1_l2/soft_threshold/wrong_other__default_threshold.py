def soft_threshold(w, threshold):
    return F.softshrink(w)
