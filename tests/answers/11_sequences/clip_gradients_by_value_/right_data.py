def clip_gradients_by_value_(parameters, clip_value):
    changed = 0
    for p in parameters:
        g = p.grad
        if g is None:
            continue
        changed += torch.count_nonzero((g < -clip_value) | (g > clip_value)).item()
        torch.clamp(g, min=-clip_value, max=clip_value, out=g)
    return changed
