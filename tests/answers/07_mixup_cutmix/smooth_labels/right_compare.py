def smooth_labels(labels, num_classes, epsilon):
    hot = labels.unsqueeze(1) == torch.arange(num_classes, device=labels.device)
    return torch.where(hot, 1 - epsilon + epsilon / num_classes, epsilon / num_classes)
