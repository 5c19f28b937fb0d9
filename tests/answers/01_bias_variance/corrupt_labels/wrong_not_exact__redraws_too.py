def corrupt_labels(labels, num_classes, rate, generator):
    flipped = torch.bernoulli(torch.full(labels.shape, rate), generator=generator).bool()
    other = torch.randint(num_classes, labels.shape, generator=generator)
    noisy = torch.where(flipped, other, labels)
    return noisy, noisy != labels
