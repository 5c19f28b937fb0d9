def soft_threshold(w, threshold):
    return w.sign() * (w.abs() - threshold).clamp(min=0)
