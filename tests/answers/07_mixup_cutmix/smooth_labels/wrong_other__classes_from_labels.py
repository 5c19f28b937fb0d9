def smooth_labels(labels, num_classes, epsilon):
    k = int(labels.max()) + 1
    return (1 - epsilon) * F.one_hot(labels, k).float() + epsilon / k
