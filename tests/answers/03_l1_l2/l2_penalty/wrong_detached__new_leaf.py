def l2_penalty(model, strength):
    total = sum(p.pow(2).sum().item() for p in model.parameters() if p.dim() >= 2)
    return torch.tensor(strength / 2 * total, requires_grad=True)


def l1_penalty(model, strength):
    return strength * sum(p.abs().sum() for p in model.parameters() if p.dim() >= 2)
