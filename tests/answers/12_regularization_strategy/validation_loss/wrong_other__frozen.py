def validation_loss(model, x, y):
    modes = [(m, m.training) for m in model.modules()]
    model.eval(); model.requires_grad_(False)
    with torch.no_grad():
        loss = F.cross_entropy(model(x), y).item()
    for m, k in modes: m.training = k
    return loss
