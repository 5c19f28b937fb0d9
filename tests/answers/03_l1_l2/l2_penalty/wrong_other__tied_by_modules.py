def l2_penalty(model, strength):
    return (
        strength
        / 2
        * sum(
            (m.weight**2).sum()
            for m in model.modules()
            if getattr(m, "weight", None) is not None and m.weight.ndim >= 2
        )
    )


def l1_penalty(model, strength):
    return strength * sum(
        m.weight.abs().sum()
        for m in model.modules()
        if getattr(m, "weight", None) is not None and m.weight.ndim >= 2
    )
