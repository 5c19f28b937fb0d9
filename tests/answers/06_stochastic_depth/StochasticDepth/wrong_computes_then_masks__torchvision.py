class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        from torchvision.ops import stochastic_depth

        return x + stochastic_depth(self.block(x), self.p, "batch", self.training)
