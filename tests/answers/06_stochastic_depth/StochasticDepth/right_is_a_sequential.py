class StochasticDepth(nn.Sequential):
    def __init__(self, block, p):
        super().__init__(block)
        if not 0 <= p <= 1: raise ValueError("p")
        self.p = p
    def forward(self, x):
        if self.training and torch.rand(()).lt(self.p): return x
        return x + super().forward(x) / (1 - self.p * self.training)
