def group_soft_threshold(weight, threshold):
    norms = weight.norm(dim=1, keepdim=True)
    kept = weight * (norms - threshold) / torch.where(norms > 0, norms, 1)
    return torch.where(norms > threshold, kept, torch.zeros_like(weight))
