def make_batches(train, val, augment, batch_size):
    (x, y), (val_x, val_y) = train, val
    x, val_x = augment(x[torch.randperm(len(y))]), augment(val_x)
    train_batches = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
    val_batches = list(
        zip(val_x.split(batch_size), val_y.split(batch_size), strict=True)
    )
    return train_batches, val_batches
