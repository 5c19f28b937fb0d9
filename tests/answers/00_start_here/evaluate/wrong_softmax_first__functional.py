def evaluate(model, batches, loss_fn):
    mode = model.training
    model.eval()
    losses, hits = [], []
    with torch.inference_mode():
        for x, y in batches:
            probabilities = torch.softmax(model(x), dim=-1)
            losses += [loss_fn(probabilities, y).item()] * len(y)
            hits += (probabilities.argmax(dim=-1) == y).tolist()
    model.train(mode)
    return sum(losses) / len(losses), sum(hits) / len(hits)
