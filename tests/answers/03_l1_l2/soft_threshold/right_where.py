def soft_threshold(w, threshold):
    zero = torch.zeros_like(w)
    return torch.where(
        w > threshold, w - threshold, torch.where(w < -threshold, w + threshold, zero)
    )
