def diagnose(train_losses, val_losses, acceptable):
    train, val = torch.tensor(train_losses), torch.tensor(val_losses)
    if bool(train[-1] > acceptable):
        return "underfitting"
    turned = val[-1] / val.min() >= 1.1
    gap = train[-1] / val[-1] < 0.5
    return "overfitting" if turned or gap else "good fit"
