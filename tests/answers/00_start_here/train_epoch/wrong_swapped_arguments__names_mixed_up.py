def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    losses, sizes = [], []
    for inputs, target in batches:
        prediction = model(inputs)
        optimizer.zero_grad()
        batch_loss = loss_fn(target, prediction)
        batch_loss.backward()
        optimizer.step()
        losses.append(batch_loss.item())
        sizes.append(len(inputs))
    return sum(map(lambda a, b: a * b, losses, sizes)) / sum(sizes)
