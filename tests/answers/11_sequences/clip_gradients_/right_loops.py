def clip_gradients_(parameters, max_norm):
    total, held = 0.0, list(parameters)
    for p in held:
        if p.grad is not None:
            total += torch.sum(p.grad * p.grad).item()
    norm = total**0.5
    for p in held:
        if p.grad is not None and norm > max_norm:
            p.grad.copy_(p.grad / norm * max_norm)
    return norm
