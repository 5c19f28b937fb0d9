def l2_penalty(model, strength):
    return 0.5 * sum(
        (w**2).sum() for w in [w for w in model.parameters() if w.ndim >= 2]
    )


def l1_penalty(model, strength):
    return sum(w.abs().sum() for w in [w for w in model.parameters() if w.ndim >= 2])
