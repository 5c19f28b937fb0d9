def soft_threshold(w, threshold):
    return torch.where(w.abs() > threshold, w - threshold, torch.zeros_like(w))
