def clip_gradients_by_value_(parameters, clip_value):
    grads = [p.data for p in parameters if p.grad is not None]
    count = sum(int((g.abs() > clip_value).sum()) for g in grads)
    for g in grads:
        g.clamp_(-clip_value, clip_value)
    return count
