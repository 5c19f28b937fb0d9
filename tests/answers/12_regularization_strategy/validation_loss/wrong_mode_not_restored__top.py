def validation_loss(model, x, y):
    mode = model.training
    model.eval()
    with torch.no_grad():
        loss = F.cross_entropy(model(x), y).item()
    model.train(mode)
    return loss
