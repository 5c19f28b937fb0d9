import torch


def batch_norm(
    x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    dims = [0, *range(2, x.ndim)]
    view = (1, -1) + (1,) * (x.ndim - 2)
    if training:
        mean, var = x.mean(dims), x.var(dims, correction=0)
        n = x.numel() // x.shape[1]
        with torch.no_grad():
            running_mean.copy_(mean)
            running_var.copy_(var * n / (n - 1))
    else:
        mean, var = running_mean, running_var
    normal = (x - mean.view(view)) / (var.view(view) + eps).sqrt()
    return normal * weight.view(view) + bias.view(view)
