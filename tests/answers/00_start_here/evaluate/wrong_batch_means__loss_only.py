@torch.no_grad()
def evaluate(model, batches, loss_fn):
    was_training = model.training
    model.eval()
    losses, right, count = [], 0, 0
    for x, y in batches:
        logits = model(x)
        losses.append(loss_fn(logits, y))
        right += (logits.argmax(1) == y).sum().item()
        count += len(y)
    model.train(was_training)
    return torch.stack(losses).mean().item(), right / count
