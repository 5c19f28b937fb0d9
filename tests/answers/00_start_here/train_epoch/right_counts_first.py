def train_epoch(model, batches, loss_fn, optimizer, *, verbose=False):
    n = sum(y.size(0) for _, y in batches)
    total = torch.zeros(())
    model.train()
    for k, (x, y) in enumerate(batches):
        for p in model.parameters():
            p.grad = None
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            total += loss * y.size(0) / n
        if verbose:
            print(k, loss)
    return total.item()
