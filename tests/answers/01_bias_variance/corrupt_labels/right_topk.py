def corrupt_labels(labels, num_classes, rate, generator):
    n = labels.numel()
    scores = torch.rand(n, num_classes, generator=generator)
    scores[torch.arange(n), labels] = -1.0  # never the true class
    other = scores.argmax(dim=1)
    flipped = torch.zeros(n, dtype=torch.bool)
    flipped[torch.rand(n, generator=generator).topk(round(rate * n)).indices] = True
    return torch.where(flipped, other, labels), flipped
