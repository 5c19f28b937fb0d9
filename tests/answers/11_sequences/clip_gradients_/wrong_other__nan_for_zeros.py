def clip_gradients_(parameters, max_norm):
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return 0.0
    norm = sum(g.square().sum() for g in grads) ** 0.5
    scale = (max_norm / norm).clamp(max=1.0) if norm <= max_norm else max_norm / norm
    for g in grads:
        g.copy_(g / norm * norm * scale)
    return float(norm)
