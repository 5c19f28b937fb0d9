def make_batches(train, val, augment, batch_size):
    def cut(x, y):
        starts = range(0, len(y), batch_size)
        return [(x[s : s + batch_size], y[s : s + batch_size]) for s in starts]


    train_batches = [(augment(x), y) for x, y in cut(*train)]
    return train_batches, cut(*val)
