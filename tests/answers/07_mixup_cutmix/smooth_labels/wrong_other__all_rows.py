def smooth_labels(labels, num_classes, epsilon):
    t = torch.full((len(labels), num_classes), epsilon / num_classes)
    t[:, labels] += 1 - epsilon
    return t
