class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.linear, self.p = linear, p

    def forward(self, x):
        y = self.linear(x)
        if self.training:
            w = self.linear.weight
            change = torch.where(torch.rand_like(w) < self.p, -w, w * self.p / (1 - self.p + (self.p == 1)))
            y = y + F.linear(x, change)
        return y
