def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    total, size = 0.0, None
    for k, (x, y) in enumerate(batches, 1):
        size = size or len(y)
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * size
    return total / (k * size)
