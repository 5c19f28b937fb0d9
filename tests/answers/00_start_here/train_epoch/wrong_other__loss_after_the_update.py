def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
        total += loss_fn(model(x), y).item() * len(y)
        count += len(y)
    return total / count
