def diagnose(train_losses, val_losses, acceptable):
    *_, train = train_losses
    *_, val = val_losses
    rise = (val - min(val_losses)) / min(val_losses)
    if train <= acceptable:
        if rise < 0.1 and val / train <= 2:
            return "good fit"
        else:
            return "overfitting"
    return "underfitting"
