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
        w = F.dropout(
            self.linear.weight.expand(*x.shape[:-1], *self.linear.weight.shape), self.p
        )
        out = (w @ x.unsqueeze(-1)).squeeze(-1)
        return out if self.linear.bias is None else out + self.linear.bias
