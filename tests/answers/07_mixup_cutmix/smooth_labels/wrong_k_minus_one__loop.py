def smooth_labels(labels, num_classes, epsilon):
    out = torch.full((len(labels), num_classes), epsilon / (num_classes - 1))
    for i, label in enumerate(labels):
        out[i, label] = 1 - epsilon
    return out
