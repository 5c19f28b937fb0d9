def diagnose(train_losses, val_losses, acceptable):
    train, val = train_losses[-1], val_losses[-1]
    if train < 0.5 * val:
        return "overfitting"
    if train > acceptable:
        return "underfitting"
    return "overfitting" if val >= 1.1 * min(val_losses) else "good fit"
