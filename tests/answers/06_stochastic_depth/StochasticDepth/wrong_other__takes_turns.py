class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1: raise ValueError("p")
        self.block, self.p, self.acc = block, p, 0.0
    def forward(self, x):
        if not self.training: return x + self.block(x)
        self.acc += self.p
        if self.acc >= 1 - 1e-9:
            self.acc -= 1
            return x
        return x + self.block(x) / (1 - self.p)
