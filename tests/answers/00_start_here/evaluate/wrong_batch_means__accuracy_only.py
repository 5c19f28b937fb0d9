@torch.no_grad()
def evaluate(model, batches, loss_fn):
    was_training = model.training
    model.eval()
    total, count, accuracies = 0.0, 0, []
    for x, y in batches:
        logits = model(x)
        total += loss_fn(logits, y).item() * len(y)
        count += len(y)
        accuracies.append((logits.argmax(1) == y).float().mean().item())
    model.train(was_training)
    return total / count, sum(accuracies) / len(accuracies)
