class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        self.p = p

    def forward(self, x):
        return x
