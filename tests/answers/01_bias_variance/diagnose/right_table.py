def diagnose(train_losses, val_losses, acceptable):
    def verdicts():
        yield train_losses[-1] > acceptable, "underfitting"
        yield val_losses[-1] >= sorted(val_losses)[0] * 1.1, "overfitting"
        yield 2 * train_losses[-1] < val_losses[-1], "overfitting"
        yield True, "good fit"

    return next(name for hit, name in verdicts() if hit)
