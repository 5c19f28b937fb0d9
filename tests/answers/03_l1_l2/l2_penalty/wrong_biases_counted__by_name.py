def l2_penalty(model, strength):
    return (
        strength
        / 2
        * sum(p.pow(2).sum() for n, p in model.named_parameters() if "bias" not in n)
    )


def l1_penalty(model, strength):
    return strength * sum(
        p.abs().sum() for n, p in model.named_parameters() if "bias" not in n
    )
