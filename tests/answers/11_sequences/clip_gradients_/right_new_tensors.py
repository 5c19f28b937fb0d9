def clip_gradients_(parameters, max_norm):
    held = [p for p in parameters if p.grad is not None]
    norm = sum(p.grad.square().sum().item() for p in held) ** 0.5
    factor = max_norm / norm if norm > max_norm else 1.0
    for p in held:
        p.grad = p.grad * factor
    return norm
