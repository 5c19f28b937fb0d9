import torch


def batch_norm(
    x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    rest = [1] * (x.dim() - 2)
    dims = [d for d in range(x.dim()) if d != 1]
    if training:
        mean = torch.mean(x, dim=dims)
        var = torch.mean(x * x, dim=dims) - mean * mean
        count = x[:, 0].numel()
        new_mean, new_var = mean.detach(), var.detach() * (count / (count - 1))
        running_mean -= momentum * (running_mean - new_mean)
        running_var -= momentum * (running_var - new_var)
    else:
        mean, var = running_mean, running_var
    scale = weight / torch.sqrt(var + eps)
    shift = bias - mean * scale
    return x * scale.reshape(1, -1, *rest) + shift.reshape(1, -1, *rest)
