def l2_penalty(model, strength):
    return (
        strength
        / 2
        * sum((w**2).sum() for w in [w for w in model.parameters() if w.ndim >= 2])
    ) ** 0.5


def l1_penalty(model, strength):
    return strength * sum(w.abs().sum() for w in model.parameters() if w.ndim >= 2)
