import copy


class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        self.block = copy.deepcopy(block)
        self.p = p

    def forward(self, x):
        if self.p < 0 or self.p > 1:
            raise ValueError(self.p)
        if self.training and torch.randint(0, 2**30, ()) < self.p * 2**30:
            return x
        out = self.block(x)
        return x + (out / (1 - self.p) if self.training else out)
