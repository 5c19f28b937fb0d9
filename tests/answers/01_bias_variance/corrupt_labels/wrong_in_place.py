def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    chosen = torch.randperm(n, generator=generator)[: round(rate * n)]
    labels[chosen] += torch.randint(1, num_classes, chosen.shape, generator=generator)
    labels %= num_classes
    flipped = torch.zeros(n, dtype=torch.bool)
    flipped[chosen] = True
    return labels, flipped
