class StochasticDepth(nn.Sequential):
    def __init__(self, block, p):
        if not 0 <= p <= 1:
            raise ValueError(p)
        super().__init__(block)
        self.p = p

    def skip(self):
        return self.training and bool(torch.rand(()) < self.p)

    def forward(self, x):
        if self.skip():
            return x
        return x + super().forward(x) / (1 - self.p * self.training)
