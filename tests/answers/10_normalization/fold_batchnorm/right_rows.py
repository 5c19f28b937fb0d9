import torch
from torch import nn


def fold_batchnorm(linear, bn):
    new = nn.Linear(linear.in_features, linear.out_features)
    new.to(linear.weight)
    for k in range(linear.out_features):
        scale = (bn.running_var[k] + bn.eps) ** -0.5
        shift = -bn.running_mean[k] * scale
        if bn.affine:
            scale, shift = scale * bn.weight[k], shift * bn.weight[k] + bn.bias[k]
        new.weight.data[k] = linear.weight[k].detach() * scale.detach()
        b = linear.bias[k] if linear.bias is not None else 0.0
        new.bias.data[k] = torch.as_tensor(b * scale + shift).detach()
    return new
