import torch


def batch_norm(
    x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    return torch.native_batch_norm(
        x, weight, bias, running_mean, running_var, training, momentum, eps
    )[0]
