def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    flipped = torch.rand(n, generator=generator).argsort() < round(rate * n)
    other = torch.randint(num_classes, (n,), generator=generator)
    return torch.where(flipped, other, labels), flipped
