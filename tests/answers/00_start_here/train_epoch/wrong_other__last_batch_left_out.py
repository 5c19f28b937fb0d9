def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    t = n = 0
    size = None
    for x, y in batches:
        size = size or len(y)
        if len(y) < size:
            continue
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        t += loss.item() * len(y)
        n += len(y)
    return t / n
