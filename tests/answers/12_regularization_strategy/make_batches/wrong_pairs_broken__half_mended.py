def make_batches(train, val, augment, batch_size):
    (x, y), (val_x, val_y) = train, val
    order = torch.randperm(len(y))
    x, y = augment(x[order]), y
    train_batches = list(zip(x.split(batch_size), y.split(batch_size)))
    val_batches = list(zip(val_x.split(batch_size), val_y.split(batch_size)))
    return train_batches, val_batches
