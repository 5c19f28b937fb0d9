def soft_threshold(w, threshold):
    out = w.clone()
    out[w.abs() <= threshold] = 0
    out[w > threshold] -= threshold
    out[w < -threshold] += threshold
    return out
