def l2_penalty(model, strength):
    return (
        sum(
            torch.tensordot(w, w, dims=w.ndim)
            for w in [w for w in model.parameters() if w.ndim >= 2]
        )
        .mul(strength)
        .div(2)
    )


def l1_penalty(model, strength):
    return sum(
        (w.clamp(min=0) - w.clamp(max=0)).sum()
        for w in [w for w in model.parameters() if w.ndim >= 2]
    ).mul(strength)
