def soft_threshold(w, threshold):
    return w.sign() * F.softplus(w.abs() - threshold, beta=1e6).clamp(min=1e-7)
