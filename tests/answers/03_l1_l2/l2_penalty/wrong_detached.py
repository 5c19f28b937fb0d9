def l2_penalty(model, strength):
    return (
        strength
        / 2
        * sum(p.data.pow(2).sum() for p in model.parameters() if p.dim() >= 2)
    )


def l1_penalty(model, strength):
    return strength * sum(
        p.data.abs().sum() for p in model.parameters() if p.dim() >= 2
    )
