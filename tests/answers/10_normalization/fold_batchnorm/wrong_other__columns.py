import torch
from torch import nn


def fold_batchnorm(linear, bn):
    folded = nn.Linear(
        linear.in_features, linear.out_features, dtype=linear.weight.dtype
    )
    with torch.no_grad():
        scale = 1 / (bn.running_var + bn.eps).sqrt()
        shift = torch.zeros_like(scale)
        if bn.affine:
            scale, shift = scale * bn.weight, bn.bias
        bias = linear.bias if linear.bias is not None else torch.zeros_like(scale)
        folded.weight.copy_(linear.weight * scale[: linear.in_features])
        folded.bias.copy_((bias - bn.running_mean) * scale + shift)
    return folded
