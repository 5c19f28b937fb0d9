import copy

import torch
from torch import nn


@torch.no_grad()
def fold_batchnorm(linear, bn):
    both = copy.deepcopy(nn.Sequential(linear, bn)).eval()
    n, m = linear.in_features, linear.out_features
    eye = torch.eye(n, dtype=linear.weight.dtype)
    zero = both(torch.zeros_like(eye[:1]))
    new = nn.Linear(n, m, dtype=eye.dtype)
    new.weight.copy_((both(eye) - zero).T)
    new.bias.copy_(zero[0])
    return new
