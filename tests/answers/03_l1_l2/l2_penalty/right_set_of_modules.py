def l2_penalty(model, strength):
    ws = set(
        p
        for m in model.modules()
        for p in m._parameters.values()
        if p is not None and p.ndim >= 2
    )
    return strength / 2 * sum((w * w).sum() for w in ws)


def l1_penalty(model, strength):
    ws = set(
        p
        for m in model.modules()
        for p in m._parameters.values()
        if p is not None and p.ndim >= 2
    )
    return strength * sum(w.abs().sum() for w in ws)
