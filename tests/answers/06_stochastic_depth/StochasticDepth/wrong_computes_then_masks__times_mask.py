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
        keep = (torch.rand(()) >= self.p).to(x.dtype)
        return x + keep * self.block(x) / (1 - self.p)
