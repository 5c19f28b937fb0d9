def clip_gradients_(parameters, max_norm):
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return 0.0
    norm = sum(g.square().sum() for g in grads) ** 0.5
    for g in grads:
        g.div_(norm + 1e-6).mul_(max_norm)
    return float(norm)
