def validation_loss(model, x, y):
    model.eval()
    modes = [(m, m.training) for m in model.modules()]
    with torch.no_grad():
        loss = F.cross_entropy(model(x), y).item()
    for m, k in modes: m.training = k
    return loss
