def make_batches(train, val, augment, batch_size):
    x, y = train
    o = torch.randperm(len(y))
    t = list(zip(y[o].split(batch_size), augment(x[o]).split(batch_size)))
    return t, list(zip(val[1].split(batch_size), val[0].split(batch_size)))
