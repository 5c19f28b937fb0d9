class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        return F.dropout(self.linear(x), self.p, self.training)
