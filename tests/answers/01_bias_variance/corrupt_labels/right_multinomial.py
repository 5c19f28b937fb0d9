def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    k = round(rate * n)
    noisy, flipped = labels.clone(), torch.zeros(n, dtype=torch.bool)
    if k:
        chosen = torch.multinomial(torch.ones(n), k, generator=generator)
        weights = 1.0 - torch.nn.functional.one_hot(labels[chosen], num_classes).float()
        noisy[chosen] = torch.multinomial(weights, 1, generator=generator)[:, 0]
        flipped[chosen] = True
    return noisy, flipped
