def corrupt_labels(labels, num_classes, rate, generator):
    chosen = torch.randperm(len(labels), generator=generator)
    chosen = chosen[: round(rate * len(labels))]
    noisy = labels.clone()
    noisy[chosen] = num_classes - 1 - labels[chosen]
    return noisy, noisy != labels
