def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        (loss / len(y)).backward()
        optimizer.step()
        total += loss.item() * len(y)
        count += len(y)
    return total / count
