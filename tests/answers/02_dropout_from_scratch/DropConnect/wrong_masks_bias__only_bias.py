import copy

import torch.nn.functional as F


class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear = linear
        self.p = p

    def forward(self, x):
        if not self.training:
            return self.linear(x)
        b = None if self.linear.bias is None else F.dropout(self.linear.bias, self.p)
        return F.linear(x, self.linear.weight, b)
