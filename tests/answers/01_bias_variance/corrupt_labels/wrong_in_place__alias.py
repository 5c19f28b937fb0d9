def corrupt_labels(labels, num_classes, rate, generator):
    noisy = labels  # a second name, not a copy
    chosen = torch.randperm(len(labels), generator=generator)[: round(rate * len(labels))]
    shift = torch.randint(1, num_classes, chosen.shape, generator=generator)
    noisy[chosen] = (noisy[chosen] + shift) % num_classes
    return noisy, noisy != labels
