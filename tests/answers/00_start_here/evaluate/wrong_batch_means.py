@torch.no_grad()
def evaluate(model, batches, loss_fn):
    was_training = model.training
    model.eval()
    losses, accuracies = [], []
    for x, y in batches:
        logits = model(x)
        losses.append(loss_fn(logits, y).item())
        accuracies.append((logits.argmax(1) == y).float().mean().item())
    model.train(was_training)
    return sum(losses) / len(losses), sum(accuracies) / len(accuracies)
