class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p
        self.seed = torch.randint(2**31, ()).item()

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return torch.zeros_like(x)
        g = torch.Generator().manual_seed(self.seed)
        return x * (torch.rand(x.shape, generator=g) >= self.p) / (1 - self.p)
