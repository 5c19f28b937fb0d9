def corrupt_labels(labels, num_classes, rate, generator):
    noisy = labels.clone()
    for i in range(len(labels)):
        if torch.rand(1, generator=generator).item() < rate:
            others = [c for c in range(num_classes) if c != labels[i]]
            noisy[i] = others[torch.randint(len(others), (1,), generator=generator)]
    return noisy, noisy != labels
