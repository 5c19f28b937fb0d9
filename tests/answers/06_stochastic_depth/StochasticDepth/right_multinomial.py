class StochasticDepth(nn.Module):
    def __init__(self, block: nn.Module, p: float) -> None:
        nn.Module.__init__(self)
        if not 0.0 <= p <= 1.0: raise ValueError(f"got {p}")
        self.block = block
        self.weights = torch.tensor([p, 1 - p])
        self.scale = 1 / (1 - p) if p < 1 else 0.0
    def forward(self, x):
        if self.training:
            return [lambda: x, lambda: x + self.scale * self.block(x)][torch.multinomial(self.weights, 1).item()]()
        return x + self.block(x)
