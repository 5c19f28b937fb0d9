def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    total = count = 0
    for x, y in batches:

        def closure():
            optimizer.zero_grad()
            l = loss_fn(model(x), y)
            l.backward()
            return l

        loss = optimizer.step(closure)
        total += loss.item() * len(x)
        count += len(x)
    return total / count
