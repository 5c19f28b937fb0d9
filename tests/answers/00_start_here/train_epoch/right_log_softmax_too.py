def train_epoch(model, batches, loss_fn, optimizer):
    # a log-softmax changes nothing: its rows are logits of the same probabilities
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(x).log_softmax(1), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        count += len(y)
    return total / count
