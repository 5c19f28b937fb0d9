def l2_penalty(model, strength):
    return (
        strength
        / 2
        * sum(
            (w.float() ** 2).sum()
            for w in [w for w in model.parameters() if w.ndim >= 2]
        )
    )


def l1_penalty(model, strength):
    return strength * sum(
        w.float().abs().sum() for w in [w for w in model.parameters() if w.ndim >= 2]
    )
