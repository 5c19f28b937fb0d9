def make_batches(train, val, augment, batch_size):
    n = -(-len(train[1]) // batch_size); m = -(-len(val[1]) // batch_size)
    return list(zip(augment(train[0]).tensor_split(n), train[1].tensor_split(n))), list(zip(val[0].tensor_split(m), val[1].tensor_split(m)))
