def l2_penalty(model, strength):
    loss = (
        strength
        / 2
        * sum((w**2).sum() for w in [w for w in model.parameters() if w.ndim >= 2])
    )
    loss.backward(retain_graph=True)
    return loss


def l1_penalty(model, strength):
    return strength * sum(w.abs().sum() for w in model.parameters() if w.ndim >= 2)
