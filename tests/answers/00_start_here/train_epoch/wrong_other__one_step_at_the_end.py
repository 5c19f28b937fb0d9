def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    optimizer.zero_grad()
    total, count = 0.0, 0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        loss.backward()
        total += loss.item() * len(y)
        count += len(y)
    optimizer.step()
    return total / count
