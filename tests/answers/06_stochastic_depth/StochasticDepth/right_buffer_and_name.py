class StochasticDepth(torch.nn.Module):
    def __init__(self, block: nn.Module, p: float = 0.5, name: str = "residual"):
        nn.Module.__init__(self)
        if p < 0 or p > 1:
            raise ValueError("not a probability")
        self.add_module(name, block)
        self.name = name
        self.register_buffer("keep", torch.tensor(1.0 - p, dtype=torch.float64))

    def extra_repr(self):
        return f"keep={self.keep.item()}"

    def forward(self, x):
        inner = getattr(self, self.name)
        if self.training:
            if torch.rand(1, dtype=torch.float64).item() >= self.keep.item():
                return x
            return x + inner(x) / self.keep.item()
        return inner(x) + x
