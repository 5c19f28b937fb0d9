def evaluate(model, batches, loss_fn):
    mode = model.training
    model.train(False)
    pairs = list(batches)
    n = sum(len(y) for _, y in pairs)
    with torch.no_grad():
        outs = [(model(x), y) for x, y in pairs]
        loss = sum(float(loss_fn(y, z)) * len(y) for z, y in outs) / n
        hits = sum(int((z.argmax(-1) == y).sum()) for z, y in outs) / n
    model.train(mode)
    return loss, hits
