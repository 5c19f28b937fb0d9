def l2_penalty(model, strength):
    return strength / 2 * sum(p.pow(2).sum() for p in model.parameters() if p.dim() > 1)


def l1_penalty(model, strength):
    weights = [p.flatten(1) for p in model.parameters() if p.dim() > 1]
    return strength * sum(torch.linalg.norm(w, ord=1) for w in weights)
