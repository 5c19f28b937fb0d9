def clip_gradients_by_value_(parameters, clip_value):
    held = [p for p in parameters if p.grad is not None]
    count = sum(int((p.grad.abs() > clip_value).sum()) for p in held)
    torch.nn.utils.clip_grad_norm_(held, clip_value)
    return count
