def evaluate(model, batches, loss_fn):
    was_training = model.training
    model.eval()
    model.zero_grad()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in batches:
            logits = model(x)
            total += loss_fn(logits, y).item() * len(y)
            right += (logits.argmax(1) == y).sum().item()
            count += len(y)
    model.train(was_training)
    return total / count, right / count
