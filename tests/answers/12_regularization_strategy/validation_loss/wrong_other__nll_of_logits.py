def validation_loss(model, x, y):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    with torch.no_grad():
        loss = F.nll_loss(model(x), y).item()
    for m, k in modes: m.training = k
    return loss
