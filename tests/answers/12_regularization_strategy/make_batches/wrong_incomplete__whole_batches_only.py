def make_batches(train, val, augment, batch_size):
    def cut(x, y):
        return [(x[i * batch_size:(i + 1) * batch_size], y[i * batch_size:(i + 1) * batch_size]) for i in range(len(y) // batch_size)]
    (x, y) = train
    o = torch.randperm(len(y))
    return cut(augment(x[o]), y[o]), cut(*val)
