def soft_threshold(w, threshold):
    return w * (1 - threshold / w.abs()).clamp(min=0)
