class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        drop = lambda q: q if q is None else F.dropout(q, self.p, self.training)
        return F.linear(x, drop(self.linear.weight), drop(self.linear.bias))
