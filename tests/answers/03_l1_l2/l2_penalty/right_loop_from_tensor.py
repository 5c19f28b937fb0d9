def l2_penalty(model, strength):
    total = torch.tensor(0.0)
    for p in model.parameters():
        if p.dim() > 1:
            total = total + p.pow(2).sum()
    return strength / 2 * total


def l1_penalty(model, strength):
    total = torch.zeros(())
    for p in model.parameters():
        if p.dim() > 1:
            total = total + p.abs().sum()
    return strength * total
