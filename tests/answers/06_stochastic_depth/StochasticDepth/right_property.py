def _checked(p):
    if 0.0 <= p <= 1.0:
        return p
    raise ValueError(f"p must be in [0, 1], got {p}")


class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        self.blocks = nn.ModuleList([block])
        self._p = _checked(p)

    def forward(self, x):
        coin = torch.empty(()).uniform_().item()
        run = (not self.training) or coin >= self._p
        for block in self.blocks if run else ():
            x = x + block(x) / ((1 - self._p) if self.training else 1)
        return x
