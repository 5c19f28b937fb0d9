def l2_penalty(model, strength):
    seen, terms = set(), []
    for _, p in model.named_parameters(remove_duplicate=False):
        if p.ndim < 2 or p.data_ptr() in seen:
            continue
        seen.add(p.data_ptr())
        terms.append(torch.einsum("i,i->", p.reshape(-1), p.reshape(-1)))
    return strength / 2 * sum(terms, torch.zeros((), dtype=terms[0].dtype))


def l1_penalty(model, strength):
    seen, terms = set(), []
    for _, p in model.named_parameters(remove_duplicate=False):
        if p.ndim < 2 or p.data_ptr() in seen:
            continue
        seen.add(p.data_ptr())
        terms.append(torch.maximum(p, -p).sum())
    return strength * sum(terms, torch.zeros((), dtype=terms[0].dtype))
