class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        if not self.training:
            return x + self.block(x)
        scale = 1 / (1 - self.p)
        return x if torch.rand(()) < self.p else x + scale * self.block(x)
