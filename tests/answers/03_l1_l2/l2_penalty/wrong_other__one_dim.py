def l2_penalty(model, strength):
    total = torch.zeros(1)
    for p in model.parameters():
        if p.dim() >= 2:
            total = total + p.pow(2).sum()
    return strength / 2 * total


def l1_penalty(model, strength):
    return strength * sum(p.abs().sum() for p in model.parameters() if p.dim() >= 2)
