def make_batches(train, val, augment, batch_size):
    (x, y), (val_x, val_y) = train, val
    o = torch.randperm(len(y))
    x[:] = augment(x[o]); y[:] = y[o]
    return list(zip(x.split(batch_size), y.split(batch_size))), list(zip(val_x.split(batch_size), val_y.split(batch_size)))
