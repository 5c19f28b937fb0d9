def clip_gradients_(parameters, max_norm):
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = sum(float(g.double().pow(2).sum()) for g in grads) ** 0.5
    if norm == 0 or norm <= max_norm:
        return norm
    [g.div_(norm / max_norm) for g in grads]
    return norm
