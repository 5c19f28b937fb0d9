def validation_loss(model, x, y):
    modes = [(m, m.training) for m in model.modules()]
    model.train(False)
    with torch.no_grad():
        loss = F.cross_entropy(model(x), y, reduction="sum").item() / len(y)
    for m, k in modes: m.train(k)
    return loss
