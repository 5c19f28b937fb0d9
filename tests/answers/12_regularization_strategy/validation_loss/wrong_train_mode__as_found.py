def validation_loss(model, x, y):
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()
