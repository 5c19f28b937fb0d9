from copy import deepcopy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_linear_bn_eval


def fold_batchnorm(linear, bn):
    first, norm = deepcopy(linear).eval(), deepcopy(bn).eval()
    if not norm.affine:
        norm.weight = nn.Parameter(torch.ones_like(norm.running_var))
        norm.bias = nn.Parameter(torch.zeros_like(norm.running_var))
    return fuse_linear_bn_eval(first, norm)
