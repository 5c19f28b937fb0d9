class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        scale = 1.0
        if self.training:
            if torch.bernoulli(torch.tensor(float(self.p))).item() == 1:
                return x.clone()
            scale = 1 / (1 - self.p)
        return x + scale * self.block(x)
