def make_batches(train, val, augment, batch_size):
    x, y = train
    o = torch.randperm(len(y))
    t = list(zip(augment(x[o]).split(batch_size), y[o].split(batch_size)))
    v = torch.randperm(len(val[1]))
    return t, list(zip(val[0][v].split(batch_size), val[1].split(batch_size)))
