def corrupt_labels(labels, num_classes, rate, generator):
    noisy = labels.clone()
    k = round(rate * len(labels))
    chosen = torch.randperm(len(labels), generator=generator)[:k]
    noisy[chosen] = labels[chosen][torch.randperm(k, generator=generator)]
    return noisy, noisy != labels
