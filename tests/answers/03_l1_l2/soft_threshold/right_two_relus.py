def soft_threshold(w, threshold):
    return torch.relu(w - threshold) - torch.relu(-w - threshold)
