def soft_threshold(w, threshold):
    flat = []
    for value in w.flatten().tolist():
        size = max(abs(value) - threshold, 0.0)
        flat.append(size if value > 0 else -size)
    return torch.tensor(flat, dtype=w.dtype, device=w.device).reshape(w.shape)
