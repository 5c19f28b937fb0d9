def l2_penalty(model, strength):
    return strength / 2 * sum((p**2).sum() for p in model.parameters() if p.dim() >= 2)


def l1_penalty(model, strength):
    return strength * sum(p.sum() for p in model.parameters() if p.dim() >= 2)
