class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p, self.scale = block, p, 1 / (1 - p)

    def forward(self, x):
        if not self.training:
            return x + self.block(x)
        return x if torch.rand(()) < self.p else x + self.scale * self.block(x)
