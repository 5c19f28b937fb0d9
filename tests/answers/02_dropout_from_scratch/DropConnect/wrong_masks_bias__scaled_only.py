class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        if not self.training or self.p in (0, 1):
            return F.linear(x, self.linear.weight * (1 - self.p * self.training), self.linear.bias)
        mask = torch.rand_like(self.linear.weight) >= self.p
        return F.linear(x, self.linear.weight * mask, self.linear.bias) / (1 - self.p)
