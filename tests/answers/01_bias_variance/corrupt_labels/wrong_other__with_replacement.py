def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    chosen = torch.randint(n, (round(rate * n),), generator=generator)
    shift = torch.randint(1, num_classes, chosen.shape, generator=generator)
    noisy = labels.clone()
    noisy[chosen] = (labels[chosen] + shift) % num_classes
    return noisy, noisy != labels
