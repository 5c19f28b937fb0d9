def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    k = round(rate * n)
    idx = torch.randperm(n, generator=generator)[:k]
    out = labels.clone()
    out[idx] = (
        out[idx] + torch.randint(1, num_classes, (1,), generator=generator)
    ) % num_classes
    return out, out != labels
