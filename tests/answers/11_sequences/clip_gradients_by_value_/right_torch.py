def clip_gradients_by_value_(parameters, clip_value):
    held = [p for p in parameters if p.grad is not None]
    count = sum((p.grad.abs() > clip_value).sum().item() for p in held)
    torch.nn.utils.clip_grad_value_(held, clip_value)
    return count
