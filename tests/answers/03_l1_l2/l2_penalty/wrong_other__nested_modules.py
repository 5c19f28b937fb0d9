def l2_penalty(model, strength):
    return (
        strength
        / 2
        * sum(
            (p**2).sum() for m in model.modules() for p in m.parameters() if p.ndim >= 2
        )
    )


def l1_penalty(model, strength):
    return strength * sum(
        p.abs().sum() for m in model.modules() for p in m.parameters() if p.ndim >= 2
    )
