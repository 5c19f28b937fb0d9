def soft_threshold(w, threshold):
    return torch.copysign(
        torch.maximum(w.abs() - threshold, torch.tensor(0.0)).to(w.dtype), w
    )
