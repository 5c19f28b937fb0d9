def corrupt_labels(labels, num_classes, rate, generator):
    k = int(round(rate * labels.shape[0]))
    index = torch.rand(labels.shape[0], generator=generator).argsort()[:k]
    new = torch.randint(0, num_classes - 1, (k,), generator=generator)
    new += (new >= labels[index]).long()  # skip over the true class
    result = labels.scatter(0, index, new)
    flipped = torch.zeros_like(labels, dtype=torch.bool).scatter(0, index, True)
    return result, flipped
