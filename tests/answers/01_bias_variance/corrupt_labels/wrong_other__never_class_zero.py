def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    k = round(rate * n)
    out = labels.clone()
    idx = torch.randperm(n, generator=generator)[:k]
    for i in idx.tolist():
        c = [c for c in range(1, num_classes) if c != labels[i]] or [0]
        out[i] = c[torch.randint(len(c), (1,), generator=generator).item()]
    return out, out != labels
