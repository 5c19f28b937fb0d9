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
        return F.linear(
            x.float(),
            F.dropout(self.linear.weight.float(), self.p, self.training),
            None if self.linear.bias is None else self.linear.bias.float(),
        )
