def make_batches(train, val, augment, batch_size):
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(*train), batch_size, shuffle=True)
    quiet = DataLoader(TensorDataset(*val), batch_size)
    return [(augment(x), y) for x, y in loader], [(x, y) for x, y in quiet]
