def diagnose(train_losses, val_losses, acceptable):
    best = val_losses.index(min(val_losses))
    train, val = train_losses[best], val_losses[best]
    if train > acceptable:
        return "underfitting"
    return "overfitting" if train < 0.5 * val else "good fit"
