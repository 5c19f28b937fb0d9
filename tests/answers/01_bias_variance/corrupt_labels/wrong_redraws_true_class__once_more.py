def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    k = round(rate * n)
    idx = torch.randperm(n, generator=generator)[:k]
    new = torch.randint(num_classes, (k,), generator=generator)
    again = torch.randint(num_classes, (k,), generator=generator)
    new = torch.where(new == labels[idx], again, new)
    out = labels.clone()
    out[idx] = new
    return out, out != labels
