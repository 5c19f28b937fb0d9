def smooth_labels(labels, num_classes, epsilon):
    return (F.one_hot(labels, num_classes) * (1 - epsilon) + epsilon / num_classes).long()
