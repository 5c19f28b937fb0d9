@torch.inference_mode()
def evaluate(model, batches, loss_fn):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        pairs = [(model(x), y) for x, y in batches]
    finally:
        for module, mode in modes.items():
            module.training = mode
    logits = torch.cat([logits for logits, _ in pairs])
    labels = torch.cat([y for _, y in pairs])
    accuracy = logits.max(dim=1).indices.eq(labels).double().mean()
    return loss_fn(logits, labels).item(), accuracy.item()
