def clip_gradients_by_value_(parameters, clip_value):
    count = sum(
        int((p.grad.abs() > clip_value).sum())
        for p in parameters
        if p.grad is not None
    )
    for p in parameters:
        if p.grad is not None:
            p.grad.clamp_(-clip_value, clip_value)
    return count
