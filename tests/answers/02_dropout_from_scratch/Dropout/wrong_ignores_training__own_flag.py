class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p, self.active = p, True

    def eval(self):
        self.active = False
        return self

    def forward(self, x):
        if not self.active:
            return x
        return x * 0 if self.p == 1 else x * (torch.rand_like(x) >= self.p) / (1 - self.p)
