def clip_gradients_(parameters, max_norm):
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return 0.0
    norm = torch.stack([g.norm() for g in grads]).norm()
    scale = (max_norm / (norm + 1e-6)).clamp(max=1)
    for g in grads:
        g.mul_(scale)
    return float(norm)
