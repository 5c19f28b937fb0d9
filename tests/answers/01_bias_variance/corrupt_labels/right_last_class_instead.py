def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    k = round(rate * n)
    mask = torch.zeros(n, dtype=torch.bool).index_fill(
        0, torch.randperm(n, generator=generator)[:k], True
    )
    new = torch.randint(num_classes - 1, (n,), generator=generator)
    new = torch.where(new == labels, num_classes - 1, new)
    return torch.where(mask, new, labels), mask
