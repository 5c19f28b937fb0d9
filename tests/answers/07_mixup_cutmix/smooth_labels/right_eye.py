def smooth_labels(labels, num_classes, epsilon):
    uniform = torch.full((num_classes,), 1 / num_classes, dtype=torch.float64)
    return torch.lerp(torch.eye(num_classes).double(), uniform, epsilon)[labels].float()
