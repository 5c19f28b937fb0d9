import torch


def batch_norm(
    x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    view = (1, -1) + (1,) * (x.ndim - 2)
    rows = x.detach().transpose(0, 1).flatten(1)
    if training:
        mean, var = x.mean(0, keepdim=True), x.var(0, correction=0, keepdim=True)
        running_mean.lerp_(rows.mean(1), momentum)
        running_var.lerp_(rows.var(1), momentum)
    else:
        mean, var = running_mean.view(view), running_var.view(view)
    normal = (x - mean) / torch.sqrt(var + eps)
    return normal * weight.view(view) + bias.view(view)
