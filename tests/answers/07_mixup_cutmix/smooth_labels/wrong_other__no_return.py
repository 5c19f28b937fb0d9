def smooth_labels(labels, num_classes, epsilon):
    hot = F.one_hot(labels, num_classes).float()
    hot = (1 - epsilon) * hot + epsilon / num_classes
