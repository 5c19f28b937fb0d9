def corrupt_labels(labels, num_classes, rate, generator):
    k = round(rate * len(labels))
    shift = torch.randint(1, num_classes, (k,), generator=generator)
    noisy = labels.clone()
    noisy[:k] = (labels[:k] + shift) % num_classes
    return noisy, noisy != labels
