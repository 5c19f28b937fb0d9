class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        if not self.training:
            return x + self.block(x)
        keep = torch.rand(len(x)) >= self.p
        out = x.clone()
        if keep.any():
            out[keep] = x[keep] + self.block(x[keep]) / (1 - self.p)
        return out
