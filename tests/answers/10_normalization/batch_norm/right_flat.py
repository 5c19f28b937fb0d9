def batch_norm(
    x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    rows = x.transpose(0, 1).flatten(1)  # (C, n)
    if training:
        mean = rows.mean(1)
        var = (rows - mean[:, None]).square().mean(1)
        n = rows.shape[1]
        running_mean.lerp_(mean.detach(), momentum)
        running_var.lerp_(var.detach() * n / (n - 1), momentum)
    else:
        mean, var = running_mean, running_var
    scale = weight / (var + eps) ** 0.5
    rows = rows * scale[:, None] + (bias - mean * scale)[:, None]
    swapped = x.transpose(0, 1)
    return rows.view(swapped.shape).transpose(0, 1)
