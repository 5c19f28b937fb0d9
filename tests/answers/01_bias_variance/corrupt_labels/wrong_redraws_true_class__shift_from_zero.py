def corrupt_labels(labels, num_classes, rate, generator):
    noisy = labels.clone()
    for i in torch.randperm(len(labels), generator=generator)[: round(rate * len(labels))]:
        shift = torch.randint(0, num_classes, (1,), generator=generator).item()
        noisy[i] = (noisy[i] + shift) % num_classes
    return noisy, noisy != labels
