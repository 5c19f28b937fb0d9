def make_batches(train, val, augment, batch_size):
    def cut(x, y, change):
        return [(change(x[part]), y[part]) for part in torch.randperm(len(y)).split(batch_size)]
    return cut(*train, augment), cut(*val, lambda x: x)
