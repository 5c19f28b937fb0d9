def make_batches(train, val, augment, batch_size):
    def cut(x, y):
        r = len(y) % batch_size
        sizes = ([r] if r else []) + [batch_size] * (len(y) // batch_size)
        return list(zip(x.split(sizes), y.split(sizes)))
    return cut(augment(train[0]), train[1]), cut(*val)
