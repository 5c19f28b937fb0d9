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
        original = self.linear.weight
        del self.linear._parameters["weight"]
        self.linear.weight = F.dropout(original, self.p)
        try:
            return self.linear(x)
        finally:
            del self.linear.weight
            self.linear._parameters["weight"] = original
