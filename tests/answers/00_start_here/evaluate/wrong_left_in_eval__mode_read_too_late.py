@torch.no_grad()
def evaluate(model, batches, loss_fn):
    model.eval()
    was_training = model.training
    total, right, count = 0.0, 0, 0
    for x, y in batches:
        logits = model(x)
        total += loss_fn(logits, y).item() * len(y)
        right += (logits.argmax(1) == y).sum().item()
        count += len(y)
    model.train(was_training)
    return total / count, right / count
