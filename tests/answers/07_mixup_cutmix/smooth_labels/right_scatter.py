def smooth_labels(labels, num_classes, epsilon):
    n = labels.shape[0]
    out = torch.full((n, num_classes), epsilon / num_classes)
    value = 1 - epsilon * (num_classes - 1) / num_classes
    return out.scatter_(1, labels[:, None], value)
