def validation_loss(model, x, y):
    drops = [(m, m.training) for m in model.modules() if isinstance(m, nn.Dropout)]
    for m, _ in drops: m.eval()
    with torch.no_grad():
        loss = F.cross_entropy(model(x), y).item()
    for m, k in drops: m.training = k
    return loss
