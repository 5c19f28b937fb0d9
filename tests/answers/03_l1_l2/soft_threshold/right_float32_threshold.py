def soft_threshold(w, threshold):
    level = torch.tensor(threshold)
    return (w.abs() - level).clamp_min(0) * torch.sign(w)
