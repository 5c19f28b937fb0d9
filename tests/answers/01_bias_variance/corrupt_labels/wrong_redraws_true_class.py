def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    chosen = torch.randperm(n, generator=generator)[: round(rate * n)]
    noisy = labels.clone()
    noisy[chosen] = torch.randint(num_classes, chosen.shape, generator=generator)
    return noisy, noisy != labels
