def _flat(model):
    return torch.cat([p.reshape(-1) for p in model.parameters() if len(p.shape) > 1])


def l2_penalty(model, strength):
    w = _flat(model)
    return strength * (w @ w) / 2


def l1_penalty(model, strength):
    w = _flat(model)
    return (w * w.sign()).sum() * strength
