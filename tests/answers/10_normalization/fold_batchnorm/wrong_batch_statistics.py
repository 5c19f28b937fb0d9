import torch
from torch import nn


@torch.no_grad()
def fold_batchnorm(linear, bn):
    eye = torch.eye(linear.in_features, dtype=linear.weight.dtype)
    rows = torch.cat([torch.zeros_like(eye[:1]), eye])
    out = bn(linear(rows))
    new = nn.Linear(linear.in_features, linear.out_features, dtype=eye.dtype)
    new.weight.copy_((out[1:] - out[0]).T)
    new.bias.copy_(out[0])
    return new
