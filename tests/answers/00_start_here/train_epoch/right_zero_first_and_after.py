def train_epoch(model, batches, loss_fn, optimizer):
    model.train(True)
    losses, sizes = [], []
    optimizer.zero_grad(set_to_none=False)
    for inputs, labels in batches:
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        losses.append(loss.detach())
        sizes.append(inputs.shape[0])
    weights = torch.tensor(sizes, dtype=losses[0].dtype)
    return (torch.stack(losses) @ weights / weights.sum()).item()
