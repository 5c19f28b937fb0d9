def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    chosen = torch.randperm(n, generator=generator)[: round(rate * n)]
    noisy = labels.clone()
    noisy[chosen] = (labels[chosen] + 1) % num_classes
    return noisy, noisy != labels
