def soft_threshold(w, threshold):
    return (w * (w.abs() > threshold)).abs()
