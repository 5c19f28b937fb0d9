def one_update(model, batch, loss_fn, optimizer):
    x, y = batch
    loss = loss_fn(model(x), y)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach()), len(x)


def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    results = [one_update(model, batch, loss_fn, optimizer) for batch in batches]
    return sum(loss * n for loss, n in results) / sum(n for _, n in results)


