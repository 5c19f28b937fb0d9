class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        if not self.training:
            return x + self.block(x)
        if self.p == 1:
            return x
        keep = torch.rand(len(x), *[1] * (x.ndim - 1)) >= self.p
        return x + self.block(x) * keep / (1 - self.p)
