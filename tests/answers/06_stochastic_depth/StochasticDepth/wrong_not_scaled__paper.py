class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        if self.training:
            return x if torch.rand(()) < self.p else x + self.block(x)
        return x + (1 - self.p) * self.block(x)
