class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p
        self.mask = (torch.rand(1) >= p).float()

    def forward(self, x):
        if not self.training or self.p == 1:
            return x * (1 - self.p * self.training)
        return x * self.mask / (1 - self.p)
