class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p, self.mask = p, None

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return torch.zeros_like(x)
        if self.mask is None:
            self.mask = torch.rand(x.shape) >= self.p
        return x * self.mask / (1 - self.p)
