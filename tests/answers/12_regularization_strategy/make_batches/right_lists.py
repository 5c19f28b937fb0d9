def make_batches(train, val, augment, batch_size):
    out = []
    for (x, y), f in ((train, augment), (val, None)):
        ids, part = list(range(len(y))), []
        while ids:
            now, ids = ids[:batch_size], ids[batch_size:]
            part.append([f(x[now]) if f else x[now], y[now]])
        out.append(part)
    return out
