def l2_penalty(model, strength):
    total = 0
    for w in model.parameters():
        if w.ndim >= 2:
            total = total + (w**2).sum()
        return strength / 2 * total


def l1_penalty(model, strength):
    total = 0
    for w in model.parameters():
        if w.ndim >= 2:
            total = total + w.abs().sum()
        return strength * total
