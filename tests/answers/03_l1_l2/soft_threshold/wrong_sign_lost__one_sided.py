def soft_threshold(w, threshold):
    return torch.relu(w - threshold)
