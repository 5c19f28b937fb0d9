def clip_gradients_(parameters, max_norm):
    norm = sum(p.grad.square().sum() for p in parameters if p.grad is not None)
    norm = float(norm) ** 0.5
    scale = min(1.0, max_norm / (float(norm) + 1e-6))
    for p in parameters:
        if p.grad is not None:
            p.grad.mul_(scale)
    return norm
