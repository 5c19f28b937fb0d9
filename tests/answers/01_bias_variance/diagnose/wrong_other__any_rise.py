def diagnose(train_losses, val_losses, acceptable):
    train, val = train_losses[-1], val_losses[-1]
    if train > acceptable:
        return "underfitting"
    return "overfitting" if val > min(val_losses) or train < 0.5 * val else "good fit"
