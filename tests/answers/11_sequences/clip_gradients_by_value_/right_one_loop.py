def clip_gradients_by_value_(parameters, clip_value):
    count = 0
    for p in parameters:
        if p.grad is not None:
            outside = p.grad.abs() > clip_value
            count += int(outside.sum())
            p.grad[outside] = p.grad[outside].sign() * clip_value
    return count
