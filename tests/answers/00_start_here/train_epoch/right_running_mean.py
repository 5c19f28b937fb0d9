def train_epoch(model, batches, loss_fn, optimizer):
    if not model.training:
        model.train()
    mean, n = 0.0, 0
    for x, y in iter(batches):
        loss = loss_fn(model(x), y)
        [p.grad.zero_() for p in model.parameters() if p.grad is not None]
        loss.backward()
        optimizer.step()
        n += len(y)
        mean += (loss.item() - mean) * len(y) / n
    return mean
