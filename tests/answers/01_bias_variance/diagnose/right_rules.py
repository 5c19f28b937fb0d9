def diagnose(train_losses, val_losses, acceptable):
    rules = [
        ("underfitting", lambda: train_losses[-1] > acceptable),
        ("overfitting", lambda: val_losses[-1] >= 1.1 * min(val_losses)),
        ("overfitting", lambda: train_losses[-1] < 0.5 * val_losses[-1]),
        ("good fit", lambda: True),
    ]
    return next(name for name, rule in rules if rule())
