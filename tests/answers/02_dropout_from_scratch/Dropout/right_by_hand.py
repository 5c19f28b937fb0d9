class Dropout(nn.Module):
    def __init__(self, p=0.5, *, name="dropout"):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError("p")
        self.name = name
        self.register_buffer("keep", torch.tensor(1.0 - p))

    def extra_repr(self):
        return f"keep={self.keep.item()}"

    def forward(self, x):
        if not self.training:
            return x
        if self.keep == 0:
            return torch.zeros_like(x)
        mask = torch.bernoulli(torch.full(x.shape, self.keep.item()))
        return (x * mask / self.keep.item()).to(x.dtype)
