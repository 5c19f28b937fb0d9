def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    t = n = 0
    for x, y in batches:
        optimizer.zero_grad()
        logits = model(x)
        loss = loss_fn(logits, y)
        loss.backward()
        with torch.no_grad():
            t += sum(
                loss_fn(logits[i : i + 1], y[i : i + 1]).item() for i in range(len(y))
            )
        n += len(y)
        optimizer.step()
    return t / n
