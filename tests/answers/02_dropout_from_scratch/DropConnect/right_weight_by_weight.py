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
        columns = []
        for o in range(self.linear.weight.shape[0]):
            total = 0 * x[..., 0]
            for i in range(self.linear.weight.shape[1]):
                if torch.rand(()) >= self.p:
                    total = total + x[..., i] * self.linear.weight[o, i] / (1 - self.p)
            columns.append(
                total if self.linear.bias is None else total + self.linear.bias[o]
            )
        return torch.stack(columns, -1)
