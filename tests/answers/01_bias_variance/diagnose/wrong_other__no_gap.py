def diagnose(train_losses, val_losses, acceptable):
    if train_losses[-1] > acceptable:
        return "underfitting"
    return "overfitting" if val_losses[-1] >= 1.1 * min(val_losses) else "good fit"
