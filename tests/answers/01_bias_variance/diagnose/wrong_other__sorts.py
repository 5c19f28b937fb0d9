def diagnose(train_losses, val_losses, acceptable):
    train, val = train_losses[-1], val_losses[-1]
    val_losses.sort()
    if train > acceptable:
        return "underfitting"
    if val >= 1.1 * val_losses[0] or train < 0.5 * val:
        return "overfitting"
    return "good fit"
