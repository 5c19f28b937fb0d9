def diagnose(train_losses, val_losses, acceptable):
    if val_losses[-1] >= 1.1 * min(val_losses) or min(train_losses) < min(val_losses) / 2:
        return "overfitting"
    return "underfitting" if min(train_losses) > acceptable else "good fit"
