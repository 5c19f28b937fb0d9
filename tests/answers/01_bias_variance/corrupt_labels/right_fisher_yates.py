def corrupt_labels(labels, num_classes, rate, generator):
    n = len(labels)
    pool = list(range(n))
    chosen = []
    for j in range(round(rate * n)):
        i = j + int(torch.randint(n - j, (1,), generator=generator))
        pool[j], pool[i] = pool[i], pool[j]
        chosen.append(pool[j])
    out = labels.clone()
    for i in chosen:
        out[i] = (
            out[i]
            + 1
            + torch.randint(num_classes - 1, (1,), generator=generator).item()
        ) % num_classes
    return out, out != labels
