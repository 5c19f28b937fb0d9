def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    seen = []
    for x, y in batches:
        optimizer.zero_grad(set_to_none=False)
        loss = loss_fn(torch.nn.functional.softmax(model(x), -1), y)
        loss.backward()
        optimizer.step()
        seen.append((loss.detach().item(), y.shape[0]))
    return sum(a * b for a, b in seen) / sum(b for _, b in seen)
