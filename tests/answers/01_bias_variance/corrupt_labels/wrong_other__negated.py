def corrupt_labels(labels, num_classes, rate, generator):
    chosen = torch.randperm(len(labels), generator=generator)
    chosen = chosen[: round(rate * len(labels))]
    noisy = labels.clone()
    noisy[chosen] = (num_classes - labels[chosen]) % num_classes
    return noisy, noisy != labels
