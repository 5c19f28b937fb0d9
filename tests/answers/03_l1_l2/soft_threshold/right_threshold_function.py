def soft_threshold(w, threshold):
    m = F.threshold(w.abs() - threshold, 0.0, 0.0)
    return torch.where(w < 0, -m, m)
