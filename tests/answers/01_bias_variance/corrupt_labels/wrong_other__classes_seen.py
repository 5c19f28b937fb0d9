def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    classes = int(labels.max()) + 1  # a class may be missing among the labels
    chosen = torch.randperm(n, generator=generator)[: round(rate * n)]
    shift = torch.randint(1, max(classes, 2), chosen.shape, generator=generator)
    noisy = labels.clone()
    noisy[chosen] = (labels[chosen] + shift) % max(classes, 2)
    return noisy, noisy != labels
