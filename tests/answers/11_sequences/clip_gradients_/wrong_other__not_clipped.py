def clip_gradients_(parameters, max_norm):
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return 0.0
    norm = sum(g.square().sum() for g in grads) ** 0.5
    return float(norm)
