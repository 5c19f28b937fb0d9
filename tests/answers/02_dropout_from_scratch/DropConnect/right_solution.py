class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.linear, self.p = linear, p

    def forward(self, x):
        weight = F.dropout(self.linear.weight, self.p, self.training)
        return F.linear(x, weight, self.linear.bias)
