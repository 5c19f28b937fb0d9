def clip_gradients_by_value_(parameters, clip_value):
    count = 0
    for p in parameters:
        if p.grad is not None:
            count += int((p.grad.abs() > clip_value).sum())
            p.grad = p.grad.clamp(-clip_value, clip_value)
    return count
