def l2_penalty(model, strength):
    if strength == 0:
        return next(model.parameters()).new_zeros(())
    norms = torch.stack([torch.norm(p) for p in model.parameters() if p.dim() >= 2])
    return strength / 2 * torch.norm(norms) ** 2


def l1_penalty(model, strength):
    if strength == 0:
        return next(model.parameters()).new_zeros(())
    parts = [
        F.l1_loss(p, torch.zeros_like(p), reduction="sum")
        for p in model.parameters()
        if p.dim() >= 2
    ]
    return strength * torch.stack(parts).sum()
