def l2_penalty(model, strength):
    penalty = 0
    for p in model.parameters():
        if p.dim() < 2:
            continue
        v = p.flatten()
        penalty += strength * torch.einsum("i,i->", v, v) * 0.5
    return penalty


def l1_penalty(model, strength):
    penalty = 0
    for p in model.parameters():
        if p.dim() < 2:
            continue
        penalty += strength * (p.relu() + (-p).relu()).sum()
    return penalty
