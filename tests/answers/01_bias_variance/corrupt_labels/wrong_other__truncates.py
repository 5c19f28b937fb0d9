def corrupt_labels(labels, num_classes, rate, generator):
    chosen = torch.randperm(len(labels), generator=generator)[: int(rate * len(labels))]
    shift = torch.randint(1, num_classes, chosen.shape, generator=generator)
    noisy = labels.clone()
    noisy[chosen] = (labels[chosen] + shift) % num_classes
    return noisy, noisy != labels
