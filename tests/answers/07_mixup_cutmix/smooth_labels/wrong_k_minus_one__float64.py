def smooth_labels(labels, num_classes, epsilon):
    hot = F.one_hot(labels, num_classes).double()
    return torch.where(hot > 0, 1 - epsilon, epsilon / (num_classes - 1))
