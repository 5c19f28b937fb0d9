import torch


def batch_norm(
    x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    y = torch.movedim(x, 1, -1)  # channels last: (C,) lines up by itself
    if training:
        dims = list(range(y.ndim - 1))
        var, mean = torch.var_mean(y, dims, correction=0)
        unbiased, _ = torch.var_mean(y.detach(), dims)
        running_mean.copy_((1 - momentum) * running_mean + momentum * mean.detach())
        running_var.copy_((1 - momentum) * running_var + momentum * unbiased)
    else:
        mean, var = running_mean, running_var
    y = (y - mean) * torch.rsqrt(var + eps)
    return torch.movedim(y * weight + bias, -1, 1)
