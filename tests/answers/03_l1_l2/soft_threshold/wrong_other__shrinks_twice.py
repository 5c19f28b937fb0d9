def soft_threshold(w, threshold):
    out = w.clone()
    out[out > threshold] -= threshold
    out[out < -threshold] += threshold
    out[out.abs() <= threshold] = 0
    return out
