def make_batches(train, val, augment, batch_size):
    x, y = train
    x, y = torch.cat([x, augment(x)]), torch.cat([y, y])
    o = torch.randperm(len(y))
    t = list(zip(x[o].split(batch_size), y[o].split(batch_size)))
    return t, list(zip(val[0].split(batch_size), val[1].split(batch_size)))
