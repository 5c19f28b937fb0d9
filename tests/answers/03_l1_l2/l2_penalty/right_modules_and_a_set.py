def weights(model):
    seen, found = set(), []
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if p.dim() >= 2 and id(p) not in seen:
                seen.add(id(p))
                found.append(p)
    return found


def l2_penalty(model, strength):
    return sum((strength / 2 * w * w).sum() for w in weights(model))


def l1_penalty(model, strength):
    return sum(torch.where(w > 0, w, -w).sum() for w in weights(model)) * strength
