def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    k = round(rate * n)
    idx = torch.randperm(n, generator=generator)[:k]
    shift = torch.randint(1, num_classes, (num_classes,), generator=generator)
    out = labels.clone()
    out[idx] = (out[idx] + shift[out[idx]]) % num_classes
    return out, out != labels
