def l2_penalty(model, strength):
    return 0.5 * strength * sum((w**2).sum() for w in model.parameters() if w.ndim >= 2)


def l1_penalty(model, strength):
    return strength * sum(
        w.abs().mean() for w in [w for w in model.parameters() if w.ndim >= 2]
    )
