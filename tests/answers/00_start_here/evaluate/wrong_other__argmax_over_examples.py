@torch.no_grad()
def evaluate(model, batches, loss_fn):
    was = model.training
    model.eval()
    t = c = n = 0
    for x, y in batches:
        out = model(x)
        t += loss_fn(out, y).item() * len(y)
        c += sum(int(a == b) for a, b in zip(out.argmax(0), y))
        n += len(y)
    model.train(was)
    return t / n, c / n
