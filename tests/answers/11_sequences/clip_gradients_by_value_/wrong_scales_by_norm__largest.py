def clip_gradients_by_value_(parameters, clip_value):
    grads = [p.grad for p in parameters if p.grad is not None]
    count = sum(int((g.abs() > clip_value).sum()) for g in grads)
    largest = max((float(g.abs().max()) for g in grads), default=0.0)
    for g in grads:
        g.mul_(min(1.0, clip_value / (largest + 1e-6)))
    return count
