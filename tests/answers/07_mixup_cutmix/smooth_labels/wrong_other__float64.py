def smooth_labels(labels, num_classes, epsilon):
    hot = F.one_hot(labels, num_classes).double()
    return (1 - epsilon) * hot + epsilon / num_classes
