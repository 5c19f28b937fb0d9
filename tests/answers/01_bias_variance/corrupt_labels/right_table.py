def corrupt_labels(labels, num_classes, rate, generator):
    table = torch.stack(
        [
            torch.cat([torch.arange(c), torch.arange(c + 1, num_classes)])
            for c in range(num_classes)
        ]
    )
    n = len(labels)
    pick = torch.randint(table.shape[1], labels.shape, generator=generator)
    f = torch.isin(
        torch.arange(n), torch.randperm(n, generator=generator)[: round(rate * n)]
    )
    out = labels.clone()
    out[f] = table[labels, pick][f]
    return out, f
