@torch.no_grad()
def evaluate(model, batches, loss_fn):
    model.eval()
    for x, y in batches:
        print(loss_fn(model(x), y))
