def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    k = min(n, round(rate * n * num_classes / (num_classes - 1)))
    idx = torch.randperm(n, generator=generator)[:k]
    out = labels.clone()
    out[idx] = torch.randint(num_classes, (k,), generator=generator)
    return out, out != labels
