def evaluate(model, batches, loss_fn):
    was = model.training
    model.eval()
    with torch.no_grad():
        n = sum(len(y) for _, y in batches)
        loss = sum(loss_fn(model(x), y).item() * len(y) for x, y in batches) / n
        acc = sum((model(x).argmax(1) == y).sum().item() for x, y in batches) / n
    model.train(was)
    return loss, acc
