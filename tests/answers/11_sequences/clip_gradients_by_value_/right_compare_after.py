def clip_gradients_by_value_(parameters, clip_value):
    grads = [p.grad for p in parameters if p.grad is not None]
    count = 0
    for g in grads:
        before = g.clone()
        g.clamp_(-clip_value, clip_value)
        count += int((before != g).sum())
    return count
