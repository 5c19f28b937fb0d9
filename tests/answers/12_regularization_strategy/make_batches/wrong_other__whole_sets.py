def make_batches(train, val, augment, batch_size):
    return [(augment(train[0]), train[1])], [val]
