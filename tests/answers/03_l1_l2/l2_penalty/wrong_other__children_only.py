def l2_penalty(model, strength):
    return (
        strength
        / 2
        * sum(
            (c.weight**2).sum()
            for c in model.children()
            if hasattr(c, "weight") and c.weight.ndim > 1
        )
    )


def l1_penalty(model, strength):
    return strength * sum(
        c.weight.abs().sum()
        for c in model.children()
        if hasattr(c, "weight") and c.weight.ndim > 1
    )
