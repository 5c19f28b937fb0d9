def soft_threshold(w, threshold):
    return w - F.hardtanh(w, -threshold, threshold) if threshold > 0 else w * 1
