import torch


def batch_norm(
    x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    channels = []
    for c in range(x.shape[1]):
        values = x[:, c]
        if training:
            m = values.mean()
            v = ((values - m) ** 2).mean()
            running_mean.data[c] += momentum * (m.item() - running_mean.data[c])
            unbiased = values.detach().var()
            running_var.data[c] += momentum * (unbiased - running_var.data[c])
        else:
            m, v = running_mean[c], running_var[c]
        channels.append((values - m) / torch.sqrt(v + eps) * weight[c] + bias[c])
    return torch.stack(channels, 1)
