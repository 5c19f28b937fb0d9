@torch.no_grad()
def evaluate(model, batches, loss_fn):
    was = model.training
    model.eval()
    t = c = n = 0
    for x, y in batches:
        out = model(x).softmax(1)
        t += loss_fn(out, y).item() * len(y)
        c += (out.argmax(1) == y).sum().item()
        n += len(y)
    model.train(was)
    return t / n, c / n
