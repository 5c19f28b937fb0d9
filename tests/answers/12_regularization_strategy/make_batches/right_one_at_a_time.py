def make_batches(train, val, augment, batch_size):
    x, y = train
    both = []
    for part in torch.randperm(len(y)).split(batch_size):
        both.append((torch.cat([augment(x[i : i + 1]) for i in part.tolist()]), y[part]))
    places = torch.arange(len(val[1])).split(batch_size)
    return both, [(val[0][part], val[1][part]) for part in places]
