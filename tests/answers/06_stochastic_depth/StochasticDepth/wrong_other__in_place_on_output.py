class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1: raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        if self.training and torch.rand(()) < self.p: return x
        out = self.block(x)
        if self.training: out = out / (1 - self.p)
        out += x
        return out
