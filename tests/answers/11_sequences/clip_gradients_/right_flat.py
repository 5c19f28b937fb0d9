def clip_gradients_(parameters, max_norm):
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return 0.0
    flat = torch.cat([g.flatten() for g in grads])
    norm = flat.norm().item()
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm
