def evaluate(model, batches, loss_fn):
    was = model.training
    flags = [p.requires_grad for p in model.parameters()]
    model.requires_grad_(False).eval()
    t = c = n = 0
    for x, y in batches:
        out = model(x)
        t += loss_fn(out, y).item() * len(y)
        c += (out.argmax(1) == y).sum().item()
        n += len(y)
    for p, f in zip(model.parameters(), flags):
        p.requires_grad_(f)
    if was:
        model.train()
    else:
        model.eval()
    return t / n, c / n
