def soft_threshold(w, threshold):
    return (w.abs() - threshold).clamp(min=0)
