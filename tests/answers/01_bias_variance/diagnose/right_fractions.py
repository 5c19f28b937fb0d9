from fractions import Fraction as Fr


def diagnose(train_losses, val_losses, acceptable):
    t, v = Fr(train_losses[-1]), Fr(val_losses[-1])
    if t > Fr(acceptable):
        return "underfitting"
    return (
        "overfitting"
        if 10 * v >= 11 * min(map(Fr, val_losses)) or 2 * t < v
        else "good fit"
    )
