class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError
        self.p = p
        self.active = True

    def train(self, mode=True):
        self.active = mode
        return super().train(mode)

    def forward(self, x):
        if not self.active or self.p == 0:
            return x
        if self.p == 1:
            return torch.zeros_like(x)
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)
