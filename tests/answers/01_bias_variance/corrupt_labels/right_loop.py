def corrupt_labels(labels, num_classes, rate, generator):
    values = labels.tolist()
    flipped = [False] * len(values)
    order = torch.randperm(len(values), generator=generator).tolist()
    for i in order[: round(rate * len(values))]:
        others = [c for c in range(num_classes) if c != values[i]]
        pick = torch.randint(len(others), (1,), generator=generator).item()
        values[i], flipped[i] = others[pick], True
    return torch.tensor(values, dtype=labels.dtype), torch.tensor(flipped)
