def smooth_labels(labels, num_classes, epsilon):
    matrix = (1 - epsilon) * torch.eye(num_classes) + epsilon / num_classes * torch.ones(num_classes, num_classes)
    return F.one_hot(labels, num_classes).float() @ matrix
