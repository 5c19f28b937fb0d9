def clip_gradients_(parameters, max_norm):
    held = [p for p in parameters if p.grad is not None]
    norm = float(sum(p.grad.square().sum() for p in held)) ** 0.5
    for p in held:
        p.data.mul_(min(1.0, max_norm / (norm + 1e-6)))
    return norm
