def corrupt_labels(labels, num_classes, rate, generator):
    generator.manual_seed(0)
    n = len(labels)
    chosen = torch.randperm(n, generator=generator)[: round(rate * n)]
    shift = torch.randint(1, num_classes, chosen.shape, generator=generator)
    noisy = labels.clone()
    noisy[chosen] = (labels[chosen] + shift) % num_classes
    return noisy, noisy != labels
