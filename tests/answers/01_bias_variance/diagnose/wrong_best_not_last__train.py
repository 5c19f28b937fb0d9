def diagnose(train_losses, val_losses, acceptable):
    train, val = min(train_losses), val_losses[-1]
    if train > acceptable:
        return "underfitting"
    if val >= 1.1 * min(val_losses) or train < 0.5 * val:
        return "overfitting"
    return "good fit"
