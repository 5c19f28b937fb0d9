def l2_penalty(model, strength):
    w = torch.cat([p.flatten() for p in model.parameters() if p.dim() >= 2])
    return strength * w.norm()


def l1_penalty(model, strength):
    return strength * sum(p.abs().sum() for p in model.parameters() if p.dim() >= 2)
