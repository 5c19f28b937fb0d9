def corrupt_labels(labels, num_classes, rate, generator):
    flipped = torch.rand(labels.shape, generator=generator) < rate
    shift = torch.randint(1, num_classes, labels.shape, generator=generator)
    return torch.where(flipped, (labels + shift) % num_classes, labels), flipped
