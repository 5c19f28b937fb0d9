def smooth_labels(labels, num_classes, epsilon):
    hot = F.one_hot(labels, num_classes).float()
    return epsilon * hot + (1 - epsilon) / num_classes
