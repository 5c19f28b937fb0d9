def clip_gradients_(parameters, max_norm):
    squares = 0.0
    for p in parameters:
        if p.grad is not None:
            size = p.grad.norm().item()
            squares += size**2
            if size > max_norm:
                p.grad.mul_(max_norm / size)
    return squares**0.5
