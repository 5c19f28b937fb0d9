class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        if not self.training:
            weight = self.linear.weight * (1 - self.p)
            return F.linear(x, weight, self.linear.bias)
        weight = F.dropout(self.linear.weight, self.p)
        return F.linear(x, weight, self.linear.bias)
