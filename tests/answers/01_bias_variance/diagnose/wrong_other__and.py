def diagnose(train_losses, val_losses, acceptable):
    if train_losses[-1] > acceptable:
        return "underfitting"
    if (
        val_losses[-1] >= 1.1 * min(val_losses)
        and train_losses[-1] < 0.5 * val_losses[-1]
    ):
        return "overfitting"
    return "good fit"
