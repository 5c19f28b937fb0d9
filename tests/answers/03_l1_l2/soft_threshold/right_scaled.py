def soft_threshold(w, threshold):
    return w * (1 - threshold / w.abs().clamp(min=1e-30)).clamp(min=0)
