def clip_gradients_by_value_(parameters, clip_value):
    grads = [p.grad for p in parameters if p.grad is not None]
    count = sum(int((g.abs() > clip_value).any()) for g in grads)
    for g in grads:
        g.clamp_(-clip_value, clip_value)
    return count
