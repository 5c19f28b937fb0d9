class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p
        self.skip = bool(torch.rand(()) < p)

    def forward(self, x):
        if not self.training:
            return x + self.block(x)
        return x if self.skip else x + self.block(x) / (1 - self.p)
