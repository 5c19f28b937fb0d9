def corrupt_labels(labels, num_classes, rate, generator):
    new = labels.clone()
    chosen = torch.randperm(len(labels), generator=generator)[: round(rate * len(labels))]
    todo = chosen
    while len(todo):
        new[todo] = torch.randint(num_classes, (len(todo),), generator=generator)
        todo = chosen[new[chosen] == labels[chosen]]
    return new, new.ne(labels)
