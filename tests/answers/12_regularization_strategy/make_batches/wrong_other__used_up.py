def make_batches(train, val, augment, batch_size):
    x, y = train
    order = torch.randperm(len(y))
    t = zip(augment(x[order]).split(batch_size), y[order].split(batch_size))
    return t, zip(val[0].split(batch_size), val[1].split(batch_size))
