class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p, self.coin = block, p, None

    def forward(self, x):
        if not self.training:
            return x + self.block(x)
        if self.coin is None:
            self.coin = torch.rand(()).item()
        return x if self.coin < self.p else x + self.block(x) / (1 - self.p)
