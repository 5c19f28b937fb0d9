def soft_threshold(w, threshold):
    return (
        w - threshold * torch.clamp(w / threshold, -1, 1)
        if threshold > 0
        else w.clone()
    )
