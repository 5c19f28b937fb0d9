def corrupt_labels(labels, num_classes, rate, generator):
    out = labels.clone()
    for c in range(num_classes):
        where = (labels == c).nonzero()[:, 0]
        k = round(rate * len(where))
        idx = where[torch.randperm(len(where), generator=generator)[:k]]
        out[idx] = (
            c + torch.randint(1, num_classes, (k,), generator=generator)
        ) % num_classes
    return out, out != labels
