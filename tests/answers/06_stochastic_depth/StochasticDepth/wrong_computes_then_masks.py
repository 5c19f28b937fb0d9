class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        out = self.block(x)
        if not self.training:
            return x + out
        if self.p == 1 or torch.rand(()) < self.p:
            return x
        return x + out / (1 - self.p)
