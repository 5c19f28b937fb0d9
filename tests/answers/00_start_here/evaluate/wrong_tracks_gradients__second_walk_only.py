def evaluate(model, batches, loss_fn):
    was = model.training
    model.eval()
    t = c = n = 0
    with torch.no_grad():
        for x, y in batches:
            t += loss_fn(model(x), y).item() * len(y)
            n += len(y)
    for x, y in batches:
        c += (model(x).argmax(1) == y).sum().item()
    model.train(was)
    return t / n, c / n
