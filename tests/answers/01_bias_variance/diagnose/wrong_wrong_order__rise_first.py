def diagnose(train_losses, val_losses, acceptable):
    train, val = train_losses[-1], val_losses[-1]
    if val >= 1.1 * min(val_losses):
        return "overfitting"
    if train > acceptable:
        return "underfitting"
    return "overfitting" if train < 0.5 * val else "good fit"
